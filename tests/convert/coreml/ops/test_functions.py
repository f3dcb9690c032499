"""Functions of one tensor, against ONNX Runtime, in both precisions and every opset of MIL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.coreml.api import emit
from mobilekit.convert.coreml.emitter import Opset, Precision
from tests.convert.coreml.support import OPSETS, check, graph_of, kinds, refusal

ANY = ("Abs", "Sign", "Neg", "Erf", "Floor", "Ceil", "Round", "Sin", "Cos", "Atan", "Sinh", "Cosh", "Exp")
POSITIVE = ("Log", "Sqrt", "Reciprocal")
WITHIN_ONE = ("Asin", "Acos", "Atanh", "Tan")
INTEGER = ("Abs", "Sign", "Neg")


def text() -> str:
    nodes = [(f"{op}_x", "float", op, "x") for op in ANY]
    nodes += [(f"{op}_p", "float", op, "p") for op in POSITIVE]
    nodes += [(f"{op}_u", "float", op, "u") for op in WITHIN_ONE]
    nodes += [(f"{op}_i", "int32", op, "i") for op in INTEGER]
    nodes += [(f"{op}_l", "int64", op, "l") for op in INTEGER]
    outputs = ", ".join(f"{kind}[8] {name}" for name, kind, _, _ in nodes)
    body = " ".join(f"{name} = {op}({x})" for name, _, op, x in nodes)
    return f"g (float[8] x, float[8] p, float[8] u, int32[8] i, int64[8] l) => ({outputs}) {{ {body} }}"


def feed() -> dict[str, np.ndarray]:
    return {
        "x": np.array([-3.5, -2.5, -0.5, 0, 0.25, 0.5, 1.5, 4], np.float32),
        "p": np.array([0.001953125, 0.5, 0.75, 1, 2, 3, 40, 1000], np.float32),
        "u": np.array([-0.96875, -0.5, -0.125, 0, 0.25, 0.5, 0.75, 0.875], np.float32),
        "i": np.array([-(2**31) + 1, -7, -1, 0, 1, 7, 5, 2**31 - 1], np.int32),
        "l": np.array([-(2**31) + 1, -7, -1, 0, 1, 7, 5, 2**31 - 1], np.int64),
    }


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_agree(tmp_path: Path, precision: Precision, opset: Opset) -> None:
    """Floats, and integers to the ends of int32."""
    check(graph_of(text()), feed(), tmp_path, precision=precision, opset=opset)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_at_the_edges(tmp_path: Path, precision: Precision) -> None:
    """log(0) is −∞, though MIL's default epsilon would make it −103; 1/0 is ∞, as x + 1e-4 is not."""
    graph = graph_of("g (float[2] x) => (float[2] y, float[2] z) { y = Log(x) z = Reciprocal(x) }")
    with np.errstate(divide="ignore"):
        check(graph, {"x": np.array([0, 1], np.float32)}, tmp_path, precision=precision)


CASTS = {
    "half": ("x", "float16", 10),
    "int": ("x", "int32", 6),
    "long": ("x", "int64", 7),
    "truth": ("x", "bool", 9),
    "byte": ("i", "uint8", 2),
    "signed_byte": ("i", "int8", 3),
    "short": ("i", "int16", 5),
    "signless": ("i", "uint16", 4),
    "wide": ("i", "uint32", 12),
    "float": ("i", "float", 1),
    "int_truth": ("i", "bool", 9),
    "truth_int": ("b", "int32", 6),
    "truth_float": ("b", "float", 1),
    "double": ("x", "double", 11),
    "truth_byte": ("b", "uint8", 2),
}


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_casts(tmp_path: Path, precision: Precision, opset: Opset) -> None:
    """Cut towards zero; 8 and 16 bits wrap."""
    outputs = ", ".join(f"{kind}[6] {name}" for name, (_, kind, _) in CASTS.items())
    body = " ".join(f"{name} = Cast<to={to}>({x})" for name, (x, _, to) in CASTS.items())
    graph = graph_of(f"g (float[6] x, int32[6] i, bool[6] b) => ({outputs}) {{ {body} }}")
    given = {
        "x": np.array([-2.75, -0.5, 0, 0.5, 3.75, 1000], np.float32),
        "i": np.array([-1000, -129, -1, 0, 200, 1234], np.int32),
        "b": np.array([True, False, True, True, False, False]),
    }
    check(graph, given, tmp_path, precision=precision, opset=opset)


def test_a_cast_to_half_rounds(tmp_path: Path) -> None:
    """In a package of float32 too."""
    graph = graph_of("g (float[2] x) => (float[2] y) { h = Cast<to=10>(x) y = Cast<to=1>(h) }")
    emit(graph, tmp_path / "m", precision="fp32")
    assert kinds(tmp_path / "m")[:2] == ["cast", "cast"]
    check(graph, {"x": np.array([1 / 3, 1e-9], np.float32)}, tmp_path, precision="fp32")


@pytest.mark.parametrize(
    ("node", "kind"), [("Abs", "int8"), ("Neg", "int16"), ("Sign", "uint8"), ("Abs", "uint32")]
)
def test_refuses_integers_that_wrap(tmp_path: Path, node: str, kind: str) -> None:
    """Narrow ones are legalised to int32 before."""
    graph = graph_of(f"g ({kind}[2] x) => ({kind}[2] y) {{ y = {node}(x) }}")
    assert f"its elements are of type {kind}" in refusal(graph, tmp_path)


def test_refuses_unknown_types(tmp_path: Path) -> None:
    """bfloat16 is none of Core ML's."""
    graph = graph_of("g (float[2] x) => (float[2] z) { y = Cast<to=16>(x) z = Cast<to=1>(y) }")
    assert "y is of type bfloat16" in refusal(graph, tmp_path)
