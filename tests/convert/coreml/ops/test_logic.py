"""Comparisons, logic and choices, against ONNX Runtime, in both precisions and every opset of MIL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.coreml.api import emit
from mobilekit.convert.coreml.emitter import Opset, Precision
from tests.convert.coreml.support import OPSETS, check, evaluated, graph_of, refusal

COMPARISONS = ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
NODES = (
    *((f"{op}_f", "bool", f"{op}(x, y)") for op in COMPARISONS),
    *((f"{op}_k", "bool", f"{op}(x, k)") for op in COMPARISONS),
    *((f"{op}_i", "bool", f"{op}(i, j)") for op in COMPARISONS),
    *((f"{op}_b", "bool", f"{op}(p, q)") for op in ("Equal", "And", "Or", "Xor")),
    ("not", "bool", "Not(p)"),
    ("nan", "bool", "IsNaN(x)"),
    ("where_f", "float", "Where(p, x, y)"),
    ("where_k", "float", "Where(p, x, k)"),
    ("where_i", "int32", "Where(q, i, j)"),
    ("where_row", "float", "Where(p, y, k)"),
    ("where_spread", "float", "Where(p, k, m)"),
)


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_agree(tmp_path: Path, precision: Precision, opset: Opset) -> None:
    """Of floats, integers and truth values, broadcast from either side."""
    outputs = ", ".join(f"{kind}[2,3] {name}" for name, kind, _ in NODES)
    body = " ".join(f"{name} = {node}" for name, _, node in NODES)
    graph = graph_of(
        "g (float[2,3] x, float[3] y, int32[2,3] i, int32[2,1] j, bool[2,3] p, bool[3] q)"
        f" => ({outputs}) <float k = {{0.5}}, float m = {{-2.0}}> {{ {body} }}"
    )
    feed = {
        "x": np.array([[0, 0.5, 1], [-1, np.nan, 3]], np.float32),
        "y": np.array([0, 1, 0.5], np.float32),
        "i": np.array([[1, 2, 3], [2**31 - 1, 2**31 - 2, -5]], np.int32),
        "j": np.array([[2], [2**31 - 1]], np.int32),
        "p": np.array([[True, False, True], [False, False, True]]),
        "q": np.array([True, True, False]),
    }
    check(graph, feed, tmp_path, precision=precision, opset=opset)


def test_chooses_truth_values(tmp_path: Path) -> None:
    """ONNX Runtime has no kernel for that."""
    graph = graph_of("g (bool[3] p, bool[1] q, bool[3] r) => (bool[3] y) { y = Where(p, q, r) }")
    emit(graph, tmp_path / "m", precision="fp16")
    p, q, r = np.array([True, False, False]), np.array([False]), np.array([True, True, False])
    found = evaluated(tmp_path / "m", {"p": p, "q": q, "r": r})["y"]
    np.testing.assert_array_equal(found, np.where(p, q, r))


@pytest.mark.parametrize("kind", ["uint8", "int16"])
def test_narrow_integers(tmp_path: Path, kind: str) -> None:
    """Their order is that of int32."""
    graph = graph_of(f"g ({kind}[3] x, {kind}[3] y) => (bool[3] z) {{ z = Less(x, y) }}")
    feed = {"x": np.array([1, 200, 3]).astype(kind), "y": np.array([3, 100, 3]).astype(kind)}
    check(graph, feed, tmp_path, precision="fp16")


def test_refuses_unsigned_order(tmp_path: Path) -> None:
    """Half of uint32 is negative in int32."""
    graph = graph_of("g (uint32[2] x) => (bool[2] y) { y = Less(x, x) }")
    assert "the order of uint32" in refusal(graph, tmp_path)
