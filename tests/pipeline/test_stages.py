"""What is wrong is named, also where only the whole conversion is compared."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import mobilekit.normalise.pipeline as normalising
from mobilekit.convert.tflite.operation import Operation
from mobilekit.errors import (
    ConversionDisagreementError,
    PassDisagreementError,
    PlanError,
    UnsupportedOperatorError,
)
from mobilekit.pipeline import convert, package
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


@pytest.mark.parametrize(
    ("pool", "error", "words"),
    [
        (
            'auto_pad = "SAME_UPPER", dilations = [2, 2]',
            UnsupportedOperatorError,
            "MaxPool, opset 17, node y",
        ),
        ("pads = [1, 1, 1, 1]", PassDisagreementError, "doubles_weights"),
    ],
)
def test_a_node_without_a_definition_is_no_fault_of_a_pass(tmp_path, monkeypatch, pool, error, words):
    """``package`` compares after every step; a result that differs is blamed on a refused node if there is one.

    What ONNX Runtime gives for such a node can be anything, so a right pass may seem to change it.
    """
    monkeypatch.setattr(normalising, "PIPELINE", (*normalising.PIPELINE, doubles_weights))
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["": 17]> g (float[1,2,8,8] x) => (float[1,2,a,b] y) {'
        f" c = Conv (x, w) y = MaxPool <kernel_shape = [3, 3], {pool}> (c) }}"
    )
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((2, 2, 1, 1), np.float32), "w"))
    samples = [{"x": np.random.default_rng(i).normal(size=(1, 2, 8, 8)).astype(np.float32)} for i in range(2)]
    inputs = {"x": {"kind": "array"}}
    with pytest.raises(error, match=words):
        package(write_model(tmp_path, model), out=tmp_path / "out", inputs=inputs, samples=samples)


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
