"""Multiply-accumulates by hand, and the scheme's name at its border."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.plan.macs import int8_share, macs, scheme
from mobilekit.quantisation import OperatorPlan, QuantisationPlan
from mobilekit.source.graph import Graph

TEXT = """
g (float[1, 4, 10, 10] x, float[2, 6] m) => (float[1, 8, 16, 16] t, float[2, 5] q) {
    c = Conv<group = 2>(x, w)
    t = ConvTranspose<strides = [2, 2]>(c, v)
    p = MatMul(m, k)
    q = Gemm<transB = 1>(p, g)
}"""
CONSTANTS = {
    "w": np.ones((6, 2, 3, 3)),
    "v": np.ones((6, 8, 2, 2)),
    "k": np.ones((6, 7)),
    "g": np.ones((5, 7)),
}
COUNTS = {"c": 6 * 8 * 8 * 2 * 9, "t": 6 * 8 * 8 * 8 * 4, "p": 2 * 7 * 6, "q": 2 * 5 * 7}


def plan(*names: str) -> QuantisationPlan:
    """A plan with these operators in int8."""
    operators = {name: OperatorPlan(precision="int8") for name in names}
    return QuantisationPlan(graph_digest="", values={}, operators=operators)


def test_counts(graph_of: Callable[..., Graph]) -> None:
    """Grouped, transposed and matrix products."""
    assert macs(graph_of(TEXT, CONSTANTS)) == COUNTS


def test_scheme(graph_of: Callable[..., Graph]) -> None:
    """Static from 99 % on, else mixed; the matrices are 0.8 % here."""
    graph = graph_of(TEXT, CONSTANTS)
    total = sum(COUNTS.values())
    assert int8_share(graph, plan("c")) == COUNTS["c"] / total
    assert scheme(graph, plan("c", "t")) == "w8a8-static"
    assert scheme(graph, plan("t", "p", "q")) == "w8a8-mixed"
    assert int8_share(graph_of("g (float[2] x) => (float[2] y) { y = Neg(x) }"), plan()) == 0.0
