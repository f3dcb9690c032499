"""What is wrong is named, also where only the whole conversion is compared."""

from __future__ import annotations

import pytest

import mobilekit.normalise.pipeline as normalising
from mobilekit.convert.tflite.operation import Operation
from mobilekit.errors import ConversionDisagreementError, PassDisagreementError, PlanError
from mobilekit.pipeline import convert
from tests.pipeline.support import INPUTS, write_model


def doubles_weights(editor) -> None:
    """A pass that is wrong."""
    for name in list(editor.constants):
        if editor.constants[name].ndim == 4:
            editor.set_constant(name, editor.constants[name] * 2)


def test_a_wrong_pass(tmp_path, monkeypatch):
    """The float file differs from the model because of a pass: the pass is named."""
    monkeypatch.setattr(normalising, "PIPELINE", (*normalising.PIPELINE, doubles_weights))
    with pytest.raises(PassDisagreementError, match="doubles_weights"):
        convert(write_model(tmp_path), out=tmp_path / "out", inputs=INPUTS)
    assert not list((tmp_path / "out").glob("*.tflite"))


def test_a_wrong_operator(tmp_path, monkeypatch):
    """All passes are right and a lowering is not: the first operator that is wrong alone is named."""
    right = Operation.add

    def wrong(self, kind, inputs, outputs, **options):
        if kind == "LEAKY_RELU":
            options["alpha"] = 0.5
        right(self, kind, inputs, outputs, **options)

    monkeypatch.setattr(Operation, "add", wrong)
    with pytest.raises(ConversionDisagreementError, match="LeakyRelu"):
        convert(write_model(tmp_path), out=tmp_path / "out", inputs=INPUTS)


def test_a_plan_that_is_not_there(tmp_path):
    """The error names the file, the hint says where plans come from."""
    missing = tmp_path / "none.json"
    with pytest.raises(PlanError, match=r"none\.json") as caught:
        convert(write_model(tmp_path), out=tmp_path / "out", inputs=INPUTS, precision="int8", plan=missing)
    assert "package" in caught.value.hint
