"""Channels that int8 would starve are made as large as their neighbours; results stay the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.calibrate.channels import channel_sketches
from mobilekit.metrics import psnr
from mobilekit.plan.balance import LARGEST_FACTOR, Balance, balanced
from mobilekit.plan.equalise import equalise
from mobilekit.plan.planner import Planner
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(0)
SIZES = np.array([1.0, 0.1, 0.004, 0.0])


def weights(count: int, channels: int, side: int = 3) -> np.ndarray:
    """Random weights of outputs that are about as large as their inputs."""
    return RNG.normal(size=(count, channels, side, side)) / np.sqrt(channels * side * side)


CONSTANTS = {
    "w": weights(4, 3) * SIZES[:, None, None, None],
    "b": RNG.normal(size=4) * SIZES,
    "v": weights(4, 4),
    "u": weights(4, 8, 1),
    "one": RNG.normal(size=(1, 4, 1, 1)),
    "zero": RNG.normal(size=(1, 4, 1, 1)),
    "eps": np.full((1, 1, 1, 1), 1e-6),
}
NORM = """
g (float[1, 3, 12, 12] x) => (float[1, 4, 8, 8] y) {
    c = Conv(x, w, b)
    n = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)
    y = Conv(n, v)
}"""
SKIP = """
g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y) {
    a = Conv(x, w, b)
    r = LeakyRelu<alpha = 0.1>(a)
    c = Conv(x, k)
    l = Relu(c)
    j = Concat<axis = 1>(r, l)
    d = Conv(j, u)
    y = Tanh(d)
}"""


def feeds(count: int = 3) -> list[dict[str, np.ndarray]]:
    """Seeded inputs."""
    return [
        {"x": np.random.default_rng(seed).random((1, 3, 12, 12)).astype(np.float32)} for seed in range(count)
    ]


def outputs(graph: Graph, feed: dict[str, np.ndarray]) -> np.ndarray:
    """The graph's only output."""
    with open_graph(graph, optimise=False) as session:
        return next(iter(session.run(feed).values()))


def test_before_a_norm_every_channel_fills_the_range(graph_of: Callable[..., Graph]) -> None:
    """Of whatever size and offset; a channel without extent, or nearly so, is not blown up."""
    graph = graph_of(NORM, CONSTANTS)
    made = balanced(graph, feeds())
    other = equalise(graph, made.factors, made.shifts)
    for feed in feeds():
        assert np.allclose(outputs(other, feed), outputs(graph, feed), rtol=1e-3, atol=1e-3)
    ends = made.ranges["c"]
    quantiles = channel_sketches(other, feeds(), values=["c"])["c"].quantiles
    assert np.allclose(quantiles[:, :3].max(axis=(0, 2)), ends.maximum, rtol=0.05)
    assert np.allclose(quantiles[:, :3].min(axis=(0, 2)), ends.minimum, rtol=0.05)
    assert made.factors["c"][3] == 1.0
    assert max(made.factors["c"]) <= LARGEST_FACTOR


def test_a_skip_of_small_values_is_made_as_large_as_the_rest(graph_of: Callable[..., Graph]) -> None:
    """A Concat has one scale: what is a hundredth of its neighbours loses nothing in it, and less in the file."""
    constants = {**CONSTANTS, "k": weights(4, 3) * 30.0}
    constants["w"] = weights(4, 3) * 0.1
    constants["u"][:, :4] *= 300.0
    graph = graph_of(SKIP, constants)
    made = balanced(graph, feeds())
    reach = channel_sketches(equalise(graph, made.factors), feeds(), values=["j"])["j"].reach(0)
    assert reach[:4].min() > 0.05 * reach[4:].max()
    assert np.median(reach[:4]) > 0.3 * reach[4:].max()
    assert channel_sketches(graph, feeds(), values=["j"])["j"].reach(0)[:4].max() < 0.05 * reach[4:].max()


def test_the_file_is_better_for_it(graph_of: Callable[..., Graph], tmp_path) -> None:
    """Ten dB at least, where one scale serves two very different branches."""
    from mobilekit.calibrate.recording import Recorder
    from mobilekit.calibrate.samples import given_samples
    from mobilekit.convert.tflite import emit
    from mobilekit.plan.rewrite import rewritten

    constants = {**CONSTANTS, "w": weights(4, 3) * 0.1, "k": weights(4, 3) * 30.0, "u": weights(4, 8, 1)}
    constants["u"][:, :4] *= 3.0
    constants["u"][:, 4:] *= 0.01
    graph = graph_of(SKIP, constants)
    source = given_samples(graph.inputs, feeds())
    losses = []
    for samples in (Recorder(samples=source, rewrites=Balance().rewrites), source):
        plan = Planner(graph, samples, input_ranges={"x": (0.0, 1.0)}).plan()
        path = tmp_path / "model.tflite"
        path.write_bytes(emit(rewritten(graph, plan), precision="int8", plan=plan))
        with open_tflite(path) as session:
            losses.append(psnr(outputs(graph, feeds()[0]), session.run(feeds()[0])["y"]))
    assert losses[1] > losses[0] + 10.0


def test_even_channels_are_left_alone(graph_of: Callable[..., Graph]) -> None:
    """Nothing to balance on a graph whose values the border fixes; the same answer every time."""
    graph = graph_of("g (float[1, 3, 4, 4] x) => (float[1, 4, 2, 2] y) { y = Conv(x, w) }", CONSTANTS)
    one = [{"x": np.ones((1, 3, 4, 4), np.float32)}]
    assert balanced(graph, one) == Balance(means={"x": (1.0, 1.0, 1.0)})
    graph = graph_of(NORM, CONSTANTS)
    assert balanced(graph, feeds()) == balanced(graph, feeds())


def test_rewrites_are_the_balance(graph_of: Callable[..., Graph]) -> None:
    """What statistics keep gives the very same balance back."""
    made = balanced(graph_of(NORM, CONSTANTS), feeds())
    assert made.shifts
    assert Balance.of(made.rewrites) == made
