"""Equalisation before a normalisation changes no result and makes channels equally large."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mobilekit.calibrate.observe import channel_extremes
from mobilekit.errors import PlanError
from mobilekit.plan.equalise import LARGEST_FACTOR, equalisation_factors, equalise
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(0)
SIZES = np.array([1.0, 0.1, 0.004, 0.0])
CONSTANTS = {
    "w": RNG.normal(size=(4, 3, 3, 3)) * SIZES[:, None, None, None],
    "b": RNG.normal(size=4) * SIZES,
    "one": RNG.normal(size=(1, 4, 1, 1)),
    "zero": RNG.normal(size=(1, 4, 1, 1)),
    "eps": np.full((1, 1, 1, 1), 1e-3),
}
TEXT = """
g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y) {{
    c = Conv(x, w, b)
    {middle}
    y = mobilekit.Normalize<axes: ints = [{axes}]>({norm}, one, zero, eps)
}}"""


def feeds(count: int = 3) -> list[dict[str, np.ndarray]]:
    """Seeded inputs."""
    return [
        {"x": np.random.default_rng(seed).normal(size=(1, 3, 12, 12)).astype(np.float32)}
        for seed in range(count)
    ]


def graph_with(
    graph_of: Callable[..., Graph], *, middle: str = "", norm: str = "c", axes: str = "2, 3"
) -> Graph:
    """A convolution, something or nothing, and a normalisation."""
    return graph_of(TEXT.format(middle=middle, norm=norm, axes=axes), CONSTANTS)


def outputs(graph: Graph, feed: dict[str, np.ndarray]) -> np.ndarray:
    """The graph's only output."""
    with open_graph(graph, optimise=False) as session:
        return next(iter(session.run(feed).values()))


def test_result_is_unchanged_and_channels_are_equal(graph_of: Callable[..., Graph]) -> None:
    """The same output within float rounding; channels of any size fill the same range, zeros stay."""
    graph = graph_with(graph_of)
    factors = equalisation_factors(graph, feeds())
    balanced = equalise(graph, factors)
    assert balanced.digest != graph.digest
    for feed in feeds():
        assert np.allclose(outputs(balanced, feed), outputs(graph, feed), rtol=1e-5, atol=1e-5)
    sizes = channel_extremes(balanced, feeds(), values={"c": 1})["c"]
    assert np.allclose(sizes[:3], sizes[0], rtol=1e-5)
    assert sizes[3] == 0
    assert factors["c"][0] == 1.0
    assert factors["c"][3] == 1.0


def test_factors_are_limited(graph_of: Callable[..., Graph]) -> None:
    """A nearly dead channel is not blown up beyond the limit."""
    constants = {**CONSTANTS, "w": CONSTANTS["w"] * [[[[1]]], [[[1]]], [[[1e-6]]], [[[1]]]]}
    constants["b"] = CONSTANTS["b"] * [1, 1, 1e-6, 1]
    graph = graph_of(TEXT.format(middle="", norm="c", axes="2, 3"), constants)
    assert equalisation_factors(graph, feeds())["c"][2] == LARGEST_FACTOR


def test_transposed_convolution_without_bias(graph_of: Callable[..., Graph]) -> None:
    """Weights of a ConvTranspose have their output channels second."""
    text = """
    g (float[1, 3, 6, 6] x) => (float[1, 4, 12, 12] y) {
        c = ConvTranspose<strides = [2, 2]>(x, w)
        y = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)
    }"""
    weights = RNG.normal(size=(3, 4, 2, 2)) * np.array([1, 0.1, 5, 2])[:, None, None]
    graph = graph_of(text, {**CONSTANTS, "w": weights})
    feed = {"x": RNG.normal(size=(1, 3, 6, 6)).astype(np.float32)}
    factors = equalisation_factors(graph, [feed])
    balanced = equalise(graph, factors)
    assert np.allclose(outputs(balanced, feed), outputs(graph, feed), rtol=1e-5, atol=1e-5)
    assert max(factors["c"]) > 10


def test_shared_weights_stay_as_they_are_elsewhere(graph_of: Callable[..., Graph]) -> None:
    """A second convolution with the same weights is not scaled along."""
    text = """
    g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y, float[1, 4, 10, 10] d) {
        c = Conv(x, w, b)
        d = Conv(x, w, b)
        y = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)
    }"""
    graph = graph_of(text, CONSTANTS)
    (feed,) = feeds(1)
    factors = equalisation_factors(graph, [feed])
    assert set(factors) == {"c"}
    with open_graph(graph) as one, open_graph(equalise(graph, factors)) as two:
        assert np.allclose(one.run(feed)["d"], two.run(feed)["d"])


@pytest.mark.parametrize(
    ("middle", "norm", "axes"), [("", "c", "1"), ("", "c", "1, 2, 3"), ("s = Sigmoid(c)", "s", "2, 3")]
)
def test_where_it_would_not_be_exact(
    graph_of: Callable[..., Graph], middle: str, norm: str, axes: str
) -> None:
    """A norm over channels, or something in between, does not cancel factors: none are proposed."""
    graph = graph_with(graph_of, middle=middle, norm=norm, axes=axes)
    assert equalisation_factors(graph, feeds()) == {}
    with pytest.raises(PlanError, match="which is not a convolution before a normalisation"):
        equalise(graph, {"c": (1.0, 2.0, 2.0, 2.0)})


def test_second_reader_or_output_forbids(graph_of: Callable[..., Graph]) -> None:
    """Somebody else would see the scaled values."""
    text = """
    g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y, float[1, 4, 10, 10] {output}) {{
        c = Conv(x, w, b)
        r = Relu(c)
        y = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)
    }}"""
    for output in ("r", "c"):
        assert equalisation_factors(graph_of(text.format(output=output), CONSTANTS), feeds()) == {}


def test_no_factors_no_change(graph_of: Callable[..., Graph]) -> None:
    """Without factors the graph is the very same; with bad ones there is an error."""
    graph = graph_with(graph_of)
    assert equalise(graph, {}) is graph
    for bad in ((1.0, 2.0), (1.0, 0.0, 1.0, 1.0), (1.0, float("nan"), 1.0, 1.0)):
        with pytest.raises(PlanError, match="do not fit"):
            equalise(graph, {"c": bad})
