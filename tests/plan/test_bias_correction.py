"""Bias corrections take the mean error of rounded weights away, exactly where the input is its mean."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mobilekit.convert.tflite.view import view_of
from mobilekit.errors import PlanError
from mobilekit.plan.bias_correction import bias_corrections, correctable, corrected
from mobilekit.plan.even_weights import even_rounded
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(0)
MEANS = np.array([3.0, -1.0, 0.5, 7.0])
CONSTANTS = {
    "w": RNG.normal(size=(5, 4, 3, 3)),
    "d": RNG.normal(size=(8, 1, 3, 3)),
    "t": RNG.normal(size=(4, 2, 2, 2)),
    "g": RNG.normal(size=(3, 4)),
    "b": RNG.normal(size=3),
    "hw": np.array([2, 3]),
}
TEXT = """
g (float[1, 4, 8, 8] x) => (float[1, 5, 6, 6] a, float[1, 8, 6, 6] c, float[1, 2, 16, 16] e, float[1, 3] h) {
    a = Conv(x, w)
    c = Conv<group = 4>(x, d)
    e = ConvTranspose<strides = [2, 2]>(x, t)
    q = ReduceMean<keepdims = 0>(x, hw)
    h = Gemm<transB = 1>(q, g, b)
}"""
AXES = {"w": 0, "d": 0, "t": 1, "g": 0}


def rounded(name: str) -> np.ndarray:
    """The weights as int8 holds them, a scale per output; those of convolutions with even sums."""
    array = CONSTANTS[name]
    if name in ("w", "d"):
        return even_rounded(array)
    others = tuple(axis for axis in range(array.ndim) if axis != AXES[name])
    steps = np.abs(array).max(axis=others, keepdims=True) / 127.0
    return np.round(array / steps) * steps


def outputs(graph: Graph, x: np.ndarray) -> dict[str, np.ndarray]:
    """What the graph computes."""
    with open_graph(graph, optimise=False) as session:
        return dict(session.run({"x": x}))


def test_mean_inputs_give_the_float_result(graph_of: Callable[..., Graph]) -> None:
    """With rounded weights and corrected biases an even picture has its float result, on average."""
    graph = graph_of(TEXT, CONSTANTS)
    found = bias_corrections(view_of(graph), {"x": MEANS, "q": MEANS}, names=["a", "c", "e", "h"])
    assert set(found) == {"a", "c", "e", "h"}
    coarse = graph_of(TEXT, {**CONSTANTS, **{name: rounded(name) for name in AXES}})
    x = np.broadcast_to(MEANS.reshape(1, 4, 1, 1), (1, 4, 8, 8)).astype(np.float32)
    exact, wrong, right = (outputs(g, x) for g in (graph, coarse, corrected(coarse, found)))
    for name, value in exact.items():
        axes = tuple(axis for axis in range(value.ndim) if axis != 1)
        want, before, after = (each[name].mean(axis=axes) for each in (exact, wrong, right))
        assert np.abs(before - want).max() > 1e-3
        assert np.abs(after - want).max() < 0.01 * np.abs(before - want).max()


def test_only_what_is_asked_and_known(graph_of: Callable[..., Graph]) -> None:
    """Operators that are float, and inputs without means, get none; no corrections, the same graph."""
    graph = graph_of(TEXT, CONSTANTS)
    view = view_of(graph)
    assert set(bias_corrections(view, {"x": MEANS}, names=["c", "h"])) == {"c"}
    assert bias_corrections(view, {}, names=["c"]) == {}
    assert corrected(graph, {}) is graph


def test_before_a_norm_means_do_not_matter(graph_of: Callable[..., Graph]) -> None:
    """A spatial norm takes any mean away: nothing to correct, and a plan that does is refused."""
    text = """
    g (float[1, 4, 8, 8] x) => (float[1, 5, 6, 6] y) {
        a = Conv(x, w)
        y = mobilekit.Normalize<axes: ints = [2, 3]>(a, one, one, eps)
    }"""
    norm = {"one": np.ones((1, 5, 1, 1)), "eps": np.full((1, 1, 1, 1), 1e-3)}
    graph = graph_of(text, {**CONSTANTS, **norm})
    view = view_of(graph)
    assert not correctable(view, view.nodes[0])
    assert bias_corrections(view, {"x": MEANS}, names=["a"]) == {}
    with pytest.raises(PlanError, match="do not fit"):
        corrected(graph, {"a": (1.0,) * 5})


@pytest.mark.parametrize("bad", [{"a": (1.0,)}, {"a": (float("nan"),) * 5}, {"gone": (1.0,)}])
def test_damaged_corrections(graph_of: Callable[..., Graph], bad: dict[str, tuple[float, ...]]) -> None:
    """Too few, not numbers, of nothing."""
    with pytest.raises(PlanError):
        corrected(graph_of(TEXT, CONSTANTS), bad)
