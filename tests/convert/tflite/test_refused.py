"""Every node without an exact form is named at once, whichever step would have stopped first."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from mobilekit.convert.tflite.refused import DIALECT
from mobilekit.errors import UnknownOpsetError, UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from mobilekit.normalise.pipeline import normalise
from mobilekit.source.graph import Graph
from mobilekit.source.load import load

BORDER = "(float[1,3,16,16] x, float[3,3] q, int64 size, float[1,1,3,3,3,3] v, float[1,1,1,1,1,1] w)"


def model(body: str, *, outputs: str = "float y", domains: str = "") -> onnx.ModelProto:
    """A model of ``body`` at opset 18."""
    text = f'<ir_version: 8, opset_import: ["": 18{domains}]> m {BORDER} => ({outputs}) {{ {body} }}'
    return onnx.parser.parse_model(text)


def loaded(tmp_path: Path, made: onnx.ModelProto) -> Graph:
    """The model as ``load`` gives it."""
    onnx.save(made, tmp_path / "m.onnx")
    return load(tmp_path / "m.onnx")


STAGES = """
  a = RandomNormalLike (x)
  n = NonZero (a)
  y = Cast <to = 1> (n)
  d = HannWindow (size)
"""


def test_operators_of_every_stage_are_named_together(tmp_path):
    """Legalise's, the table's and the data-dependent one; each with the file's opset and its own remedy."""
    with pytest.raises(UnsupportedOperatorError, match="3 operators have no exact form") as caught:
        DIALECT.check_operators_known(loaded(tmp_path, model(STAGES, outputs="float y, float d")))
    lines = caught.value.refusals
    operators = [line.split(", ")[0].rsplit(" ", 1)[1] for line in lines]
    assert operators == ["RandomNormalLike", "NonZero", "HannWindow"]
    assert all("opset 18" in line and "; " in line for line in lines)
    assert caught.value.hint.startswith("change the model as each line says, or ")


def test_attributes_and_operands_are_named_with_the_operators(tmp_path):
    """Where the steps can run, a convolution over four axes stands beside random values."""
    body = "a = RandomNormalLike (x) y = Conv (v, w) z = Relu (a) d = Bernoulli (q)"
    lines = DIALECT.every_refusal(loaded(tmp_path, model(body, outputs="float y, float z, float d")))
    assert [line.split(", ")[0] for line in lines] == [
        f"no exact form for {op}" for op in ("RandomNormalLike", "Conv", "Bernoulli")
    ]
    assert "at most 3 axes" in lines[1]
    assert "opset 18" in lines[1]


def test_refusals_of_a_step_are_completed(tmp_path):
    """Legalise's error names the opset it works in; the completed one that of the file."""
    source = loaded(tmp_path, model("y = Conv (v, w)"))
    DIALECT.check_operators_known(source)
    with pytest.raises(UnsupportedOperatorError, match="opset 21") as caught:
        legalise(normalise(source, samples=()).graph, samples=())
    assert "Conv, opset 18, node y" in DIALECT.with_all(source, caught.value).message


def test_what_is_folded_or_unused_is_not_refused(tmp_path):
    """NonZero of constants and a window that nothing reads go away; of an input, they stay."""
    folded = (
        "c = Constant <value_floats = [0.0, 1.0]> () n = NonZero (c) f = Cast <to = 1> (n) y = Mul (q, f)"
    )
    assert DIALECT.by_operator(model(f"{folded} d = HannWindow (size)")) == ()
    assert DIALECT.every_refusal(loaded(tmp_path, model(f"{folded} d = HannWindow (size)"))) == ()
    kept = DIALECT.by_operator(model(f"{folded} d = HannWindow (size)", outputs="float y, float d"))
    assert [refused.name for refused in kept] == ["d"]


def test_unknown_operators_do_not_hide_the_others(tmp_path):
    """Exit code 11, and all three lines in the file's order; alone, the plain message."""
    body = "a = RandomNormalLike (x) m = acme.MyOp (a) y = Add (m, a) d = HannWindow (size)"
    path = tmp_path / "m.onnx"
    onnx.save(model(body, outputs="float y, float d", domains=', "acme": 1'), path)
    with pytest.raises(UnknownOpsetError, match="3 operators are refused") as caught:
        DIALECT.load_model(path, shapes={})
    assert [caught.value.message.index(op) for op in ("RandomNormalLike", "MyOp", "HannWindow")] == sorted(
        caught.value.message.index(op) for op in ("RandomNormalLike", "MyOp", "HannWindow")
    )
    onnx.save(model("y = acme.MyOp (x)", domains=', "acme": 1'), path)
    assert len(DIALECT.refusals_of_file(path)) == 1
    with pytest.raises(UnknownOpsetError, match="unknown operator acme::MyOp, node y"):
        DIALECT.load_model(path, shapes={})
    onnx.save(model("y = Relu (x)"), path)
    assert DIALECT.refusals_of_file(path) == ()
    assert DIALECT.load_model(path, shapes={}).stage == "source"


def test_a_model_that_converts_has_no_refusals(tmp_path):
    """Norms, old spellings and shape arithmetic are served, by whichever step."""
    body = "s = Shape (q) r = Reshape (q, s) l = LpNormalization (r) h = Hardmax (l) y = CastLike (h, q)"
    source = loaded(tmp_path, model(body))
    DIALECT.check_operators_known(source)
    assert DIALECT.every_refusal(source) == ()
