"""Products of next to no work stay float, real work does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.convert.tflite.quantisable import operators_of
from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.small_products import REASON, small_products
from mobilekit.source.graph import Graph

TEXT = """
g (float[1, 8, 32, 32] x) => (float[1, 8, 32, 32] y) {{
    a = Conv<pads = [1, 1, 1, 1]>(x, w)
    m = ReduceMean<keepdims = {keep}>(a, axes)
    {gate}
    y = Mul(a, g)
}}"""
GATES = {
    "gemm": ("0", "v = Gemm<transB = 1>(m, k)\n r = Reshape(v, shape)\n g = Sigmoid(r)", (8, 8)),
    "convolution": ("1", "v = Conv(m, k)\n g = Sigmoid(v)", (8, 8, 1, 1)),
    "large": ("0", "h = Gemm<transB = 1>(m, k)\n v = Gemm<transB = 1>(h, q)\n r = Reshape(v, shape)\n g = Sigmoid(r)",
              (900, 8)),
}  # fmt: skip


def found(graph_of: Callable[..., Graph], kind: str) -> dict[str, str]:
    """What stays float for a gate of that kind."""
    keep, gate, shape = GATES[kind]
    constants = {
        "w": np.ones((8, 8, 3, 3)),
        "k": np.ones(shape),
        "q": np.ones((8, 900)),
        "axes": np.array([2, 3]),
        "shape": np.array([1, 8, 1, 1]),
    }
    used = {name: value for name, value in constants.items() if f"{name})" in TEXT + gate}
    view = view_of(graph_of(TEXT.format(keep=keep, gate=gate), used))
    return small_products(view, operators_of(view))


def test_gates(graph_of: Callable[..., Graph]) -> None:
    """A channel gate of 64 multiplications beside 590,000 is float, as Gemm or as convolution."""
    assert found(graph_of, "gemm") == {"v": REASON}
    assert found(graph_of, "convolution") == {"v": REASON}


def test_real_work_is_not_small(graph_of: Callable[..., Graph]) -> None:
    """Two products of 7,200, 2.4 % of the work: neither is within the budget."""
    assert found(graph_of, "large") == {}
