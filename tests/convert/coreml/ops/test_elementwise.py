"""Arithmetic of two tensors, against ONNX Runtime, in both precisions and every opset of MIL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.coreml.api import emit
from mobilekit.convert.coreml.emitter import Opset, Precision
from tests.convert.coreml.support import OPSETS, check, graph_of, kinds, refusal

FLOATS = {
    "add": "Add(x, y)",
    "add_scalar": "Add(x, k)",
    "sub": "Sub(y, x)",
    "mul": "Mul(x, w)",
    "div": "Div(x, y)",
    "mod": "Mod<fmod=1>(p, k)",
    "square": "Pow(x, two)",
    "cube": "Pow(x, three)",
    "root": "Pow(p, half)",
    "power": "Pow(p, y)",
    "power_constant": "Pow(p, w)",
    "max": "Max(x, y, w)",
    "min": "Min(x, k)",
    "sum": "Sum(x, y, w, k)",
    "max_one": "Max(x)",
}
CONSTANTS = (
    "<float[3,1] w = {0.5, -2.0, 1.5}, float k = {0.75}, float two = {2.0}, float[1] three = {3.0},"
    " float[1,1] half = {0.5}>"
)
INTEGERS = {
    "add": "Add(a, b)",
    "sub": "Sub(a, b)",
    "mul": "Mul(a, b)",
    "div": "Div(a, b)",
    "div_constant": "Div(a, seven)",
    "div_into": "Div(seven, b)",
    "mod": "Mod(a, b)",
    "max": "Max(a, b)",
    "min": "Min(a, b)",
}


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_floats(tmp_path: Path, precision: Precision, opset: Opset) -> None:
    """Broadcast from either side, constants too."""
    outputs = ", ".join(f"float[2,3,4] {name}" for name in FLOATS)
    body = " ".join(f"{name} = {node}" for name, node in FLOATS.items())
    graph = graph_of(
        f"g (float[2,3,4] x, float[3,4] y, float[2,3,4] p) => ({outputs}) {CONSTANTS} {{ {body} }}"
    )
    generator = np.random.default_rng(0)

    def drawn(*shape: int) -> np.ndarray:
        return generator.uniform(-2, 2, shape).astype(np.float16).astype(np.float32)

    y = drawn(3, 4)
    y[abs(y) < 0.25] = 1
    feed = {"x": drawn(2, 3, 4), "y": y, "p": abs(drawn(2, 3, 4)) + 0.5}
    check(graph, feed, tmp_path, precision=precision, opset=opset)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("kind", ["int32", "int64"])
def test_integers(tmp_path: Path, kind: str, opset: Opset) -> None:
    """Quotients are cut towards zero, remainders have the divisor's sign; also in packages of fp16."""
    outputs = ", ".join(f"{kind}[6] {name}" for name in INTEGERS)
    body = " ".join(f"{name} = {node}" for name, node in INTEGERS.items())
    graph = graph_of(f"g ({kind}[6] a, {kind}[6] b) => ({outputs}) <{kind} seven = {{-7}}> {{ {body} }}")
    feed = {
        "a": np.array([7, -7, 7, -7, 0, 4099], kind),
        "b": np.array([2, 2, -2, -2, 5, -1], kind),
    }
    check(graph, feed, tmp_path, precision="fp16", opset=opset)


def test_powers_are_products(tmp_path: Path) -> None:
    """By 2 and 3, a root by one half; not where the exponent gives the result more axes."""
    text = (
        "g (float[2] x) => (float[2] a, float[2] b, float[2] c, float[1,2] d, float[2] e)"
        "<float two = {2.0}, float three = {3.0}, float half = {0.5}, float[1,1] lifted = {2.0},"
        " float[2] both = {2.0, 2.0}>"
        "{ a = Pow(x, two) b = Pow(x, three) c = Pow(x, half) d = Pow(x, lifted) e = Pow(x, both) }"
    )
    emit(graph_of(text), tmp_path / "m", precision="fp32")
    assert kinds(tmp_path / "m") == ["square", "square", "mul", "sqrt", "pow", "pow"]


@pytest.mark.parametrize(
    ("node", "kind", "why"),
    [
        ("Add(x, x)", "uint8", "it computes in uint8"),
        ("Div(x, x)", "int16", "it computes in int16"),
        ("Mod<fmod=1>(x, x)", "int32", "fmod of integers"),
        ("Pow(x, x)", "int32", "powers of integers"),
        ("Max(x, x)", "uint32", "numbers of uint32"),
        ("Min(x, x)", "uint64", "numbers of uint64"),
    ],
)
def test_refuses_integers(tmp_path: Path, node: str, kind: str, why: str) -> None:
    """Those that int32 does not compute as they do."""
    graph = graph_of(f"g ({kind}[2] x) => ({kind}[2] y) {{ y = {node} }}")
    assert why in refusal(graph, tmp_path)


def test_refuses_constants_outside_int32(tmp_path: Path) -> None:
    """Rather than cutting their upper bits off."""
    graph = graph_of("g (int64[1] x) => (int64[1] y) <int64 k = {4294967296}> { y = Add(x, k) }")
    assert "4294967296 is outside int32" in refusal(graph, tmp_path)


def test_silu(tmp_path: Path) -> None:
    """X · Sigmoid(x) in either order is one operator; the Sigmoid of another value is none of it."""
    text = """g (float[5] x, float[5] w) => (float[5] y, float[5] z, float[5] v) {
        s = Sigmoid(x) y = Mul(x, s) t = Sigmoid(w) z = Mul(t, w) v = Mul(x, t) }"""
    feed = {"x": np.linspace(-4, 4, 5, dtype=np.float32), "w": np.linspace(3, -3, 5, dtype=np.float32)}
    check(graph_of(text), feed, tmp_path, precision="fp32")
    assert sorted(kinds(tmp_path / "m.mlpackage")) == ["mul", "sigmoid", "silu", "silu"]
