"""Weights are rounded so that what a flat map becomes is right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.plan.even_weights import LEAST_TAPS, even_rounded, with_even_weights
from mobilekit.quantisation import OperatorPlan, QuantisationPlan
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(1)
WEIGHTS = RNG.normal(size=(6, 3, 9, 9))
TEXT = """
g (float[1, 3, 12, 12] x) => (float[1, 6, 4, 4] a, float[1, 6, 4, 4] b) {
    a = Conv(x, w)
    b = Conv(x, w)
}"""


def steps_of(weights: np.ndarray) -> np.ndarray:
    """A step per output."""
    return np.abs(weights).max(axis=(1, 2, 3), keepdims=True) / 127.0


def plan_of(*names: str) -> QuantisationPlan:
    """These operators are int8."""
    return QuantisationPlan(
        graph_digest="", values={}, operators={name: OperatorPlan(precision="int8") for name in names}
    )


def test_sums_of_taps_stay() -> None:
    """Each sum is within half a step, plainly rounded ones are not; no weight moves by more than a step."""
    steps = steps_of(WEIGHTS)
    plain, even = np.round(WEIGHTS / steps) * steps, even_rounded(WEIGHTS)
    wrong, right = (np.abs((w - WEIGHTS).sum(axis=(2, 3))) / steps[:, 0, 0] for w in (plain, even))
    assert right.max() <= 0.5 + 1e-9
    assert wrong.max() > 2.0
    assert np.abs(even - WEIGHTS).max() <= steps.max()
    whole = even / steps
    assert np.allclose(whole, np.round(whole))
    assert np.array_equal(np.abs(even).max(axis=(1, 2, 3)), np.abs(plain).max(axis=(1, 2, 3)))


def test_few_taps_are_rounded_plainly() -> None:
    """One tap has no other to make up for it, nor have fewer than ``LEAST_TAPS``."""
    for shape in ((6, 3, 1, 1), (6, 3, 1, LEAST_TAPS - 1)):
        weights = RNG.normal(size=shape)
        steps = steps_of(weights)
        assert np.allclose(even_rounded(weights), np.round(weights / steps) * steps)
    assert not even_rounded(np.zeros((2, 3, 3, 3))).any()


def test_rounded_twice_is_rounded_once() -> None:
    """The emitter rounds once more: it finds the same integers."""
    even = even_rounded(WEIGHTS).astype(np.float32)
    steps = (np.abs(even).max(axis=(1, 2, 3), keepdims=True) / np.float32(127.0)).astype(np.float64)
    assert np.abs(even / steps - np.round(even / steps)).max() < 1e-4
    assert np.array_equal(np.round(even / steps), np.round(even_rounded(WEIGHTS) / steps_of(WEIGHTS)))


def test_only_integer_convolutions_are_changed(graph_of: Callable[..., Graph]) -> None:
    """Two read one constant: the int8 one gets its own, the float one keeps it; a flat map is exact."""
    graph = graph_of(TEXT, {"w": WEIGHTS})
    made = with_even_weights(graph, plan_of("a"))
    flat = {"x": np.full((1, 3, 12, 12), 0.7, np.float32)}
    with open_graph(graph) as before, open_graph(made) as after:
        want, got = before.run(flat), after.run(flat)
        varied = {"x": RNG.normal(size=(1, 3, 12, 12)).astype(np.float32)}
        assert np.abs(before.run(varied)["a"] - after.run(varied)["a"]).max() > 1e-2
    assert np.array_equal(want["b"], got["b"])
    assert np.abs(want["a"] - got["a"]).max() <= 0.7 * 3 * 0.5 * steps_of(WEIGHTS).max() + 1e-5
    assert with_even_weights(graph, plan_of()) is graph
