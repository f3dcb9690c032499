"""Orders of channels go into convolutions with one group; others stay Gathers."""

import numpy as np
import pytest

from mobilekit.normalise.pipeline import normalise
from tests.normalise.support import graph_of, model, normalised, ops

RNG = np.random.default_rng(0)
W = {
    "w": RNG.normal(size=(4, 4, 1, 1)).astype(np.float32),
    "v": RNG.normal(size=(4, 1, 1, 1)).astype(np.float32),
    "b": RNG.normal(size=4).astype(np.float32),
}
ORDER = np.array([2, 0, 3, 1])


def _ops(body, order, *, channels=4):
    text = model(body, out=f"1,{channels},6,6")
    return ops(normalised(text, **W, order=np.array(order)))


@pytest.mark.parametrize("order", [ORDER, [2, 2, 0, 1], [-1, -2, -3, -4]])
def test_before_a_convolution(order):
    """Also where a channel is read twice and another not at all, and counted from the end."""
    body = "r = Relu (x) g = Gather <axis = 1> (r, order) y = Conv (g, w, b)"
    assert _ops(body, order) == ["Relu", "Conv"]


@pytest.mark.parametrize("order", [ORDER, [3, 1], [1, 1, 0]])
def test_behind_a_convolution(order):
    """Its bias too; fewer channels are a smaller convolution."""
    body = "c = Conv (x, w, b) g = Gather <axis = 1> (c, order) y = Relu (g)"
    assert _ops(body, order, channels=len(order)) == ["Conv", "Relu"]


@pytest.mark.parametrize(
    ("body", "order", "left"),
    [
        (
            "r = Relu (x) g = Gather <axis = 1> (r, order) y = Conv <group = 4> (g, v)",
            ORDER,
            ["Relu", "Gather", "Conv"],
        ),
        (
            "r = Conv <group = 4> (x, v) g = Gather <axis = 1> (r, order) y = Relu (g)",
            ORDER,
            ["Conv", "Gather", "Relu"],
        ),
        ("c = Conv (x, w) g = Gather <axis = 1> (c, order) y = Mul (g, c)", ORDER, ["Conv", "Gather", "Mul"]),
        (
            "r = Relu (x) g = Gather <axis = 1> (r, order) c = Conv (g, w) y = Mul (g, c)",
            ORDER,
            ["Relu", "Gather", "Conv", "Mul"],
        ),
        (
            "r = Relu (x) g = Gather <axis = 2> (r, order) y = Conv (g, w)",
            [2, 0, 3, 1, 5, 4],
            ["Relu", "Gather", "Conv"],
        ),
        ("r = Relu (x) y = Gather <axis = 1> (r, order)", ORDER, ["Relu", "Gather"]),
        (
            "c = Conv (x, w) g = Gather <axis = 1> (c, order) y = Relu (g)",
            [0, 1, 2, 3, 0],
            ["Conv", "Gather", "Relu"],
        ),
    ],
    ids=["group before", "group behind", "read", "read twice", "rows", "no convolution", "more"],
)
def test_what_stays(body, order, left):
    """Groups, values read elsewhere, rows, no convolution, and channels that would be computed twice."""
    assert _ops(body, order, channels=max(len(order), 4) if "axis = 1" in body else 4) == left


def test_an_order_of_run_time_stays():
    """Nobody knows it."""
    text = """<ir_version: 8, opset_import: ["": 17]> g (float[1,4,6,6] x, int64[4] order) => (float[1,4,6,6] y) {
        r = Relu (x) g = Gather <axis = 1> (r, order) y = Conv (g, w) }"""
    assert ops(normalise(graph_of(text, {"w": W["w"]}), samples=())) == ["Relu", "Gather", "Conv"]
