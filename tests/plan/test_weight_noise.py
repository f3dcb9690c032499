"""The estimated error of a product tells spread activations from spread weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.calibrate.channels import channel_sketches
from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.weight_noise import noise, readers_of
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(0)
CONSTANTS = {
    "w": RNG.normal(size=(5, 4, 3, 3)),
    "d": RNG.normal(size=(8, 1, 3, 3)),
    "t": RNG.normal(size=(4, 2, 2, 2)),
    "g": RNG.normal(size=(3, 4)),
    "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    "hw": np.array([2, 3]),
}
TEXT = """
g (float[1, 4, 8, 8] x) => (float[1, 5, 8, 8] a, float[1, 8, 6, 6] b, float[1, 2, 16, 16] c, float[1, 3] e) {
    p = Pad(x, pads)
    a = Conv(p, w)
    b = Conv<group = 4>(x, d)
    c = ConvTranspose<strides = [2, 2]>(x, t)
    q = ReduceMean<keepdims = 0>(x, hw)
    e = Gemm<transB = 1>(q, g)
}"""


def test_readers_of_all_kinds(graph_of: Callable[..., Graph]) -> None:
    """Weights as outputs by inputs by taps: behind a Pad, of groups, transposed, of a product."""
    view = view_of(graph_of(TEXT, CONSTANTS))
    found = readers_of(view, {"x", "q"})
    assert [(r.value, r.weights.shape) for r in found] == [
        ("x", (5, 4, 9)),
        ("x", (8, 4, 9)),
        ("x", (2, 4, 4)),
        ("q", (3, 4, 1)),
    ]
    assert np.count_nonzero(found[1].weights) == CONSTANTS["d"].size
    assert readers_of(view, {"a"}) == ()


def test_factors_against_spread(graph_of: Callable[..., Graph]) -> None:
    """Evening out spread activations lowers the estimate; spreading even ones raises it."""
    graph = graph_of(TEXT, CONSTANTS)
    reader = readers_of(view_of(graph), {"x"})[0]
    even = RNG.normal(size=(1, 4, 8, 8)).astype(np.float32)
    sizes = np.array([1.0, 0.01, 0.1, 0.02], dtype=np.float32)
    spread = even * sizes.reshape(1, 4, 1, 1)
    sketches = [channel_sketches(graph, [{"x": x}], values=["x"])["x"] for x in (even, spread)]
    assert noise(reader, np.ones(4), sketches[0]) < noise(reader, 1 / sizes, sketches[0])
    small = np.array(reader.weights / sizes[None, :, None])  # channels that count alike
    assert noise(type(reader)(value="x", weights=small), 1 / sizes, sketches[1]) < noise(
        type(reader)(value="x", weights=small), np.ones(4), sketches[1]
    )
