"""A small network that int8 spoils in one known place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.calibrate.recording import Recorder
from mobilekit.calibrate.samples import given_samples
from mobilekit.plan.balance import Balance
from mobilekit.plan.planner import Planner
from mobilekit.source.graph import Graph

TEXT = """
g (float[1, 3, 16, 16] x) => (float[1, 3, 16, 16] y) {
    a = Conv<pads = [1, 1, 1, 1]>(x, wa)
    ra = Relu(a)
    b = Conv<pads = [1, 1, 1, 1]>(ra, wb)
    rb = Relu(b)
    c = Conv<pads = [1, 1, 1, 1]>(rb, wc)
    rc = Relu(c)
    d = Conv<pads = [1, 1, 1, 1]>(rc, wd)
    y = Tanh(d)
}"""
"""``b`` has one channel a thousand times as large as the others, which ``c`` makes small again."""


def outlier_graph(graph_of: Callable[..., Graph], factor: float = 1000.0) -> Graph:
    """The network; ``factor`` 1 makes it harmless."""
    rng = np.random.default_rng(7)
    weights = {
        "wa": rng.normal(0, 0.3, (8, 3, 3, 3)),
        "wb": rng.normal(0, 0.2, (8, 8, 3, 3)),
        "wc": rng.normal(0, 0.2, (8, 8, 3, 3)),
        "wd": rng.normal(0, 0.1, (3, 8, 3, 3)),
    }
    weights["wb"][0] *= factor
    weights["wc"][:, 0] /= factor
    return graph_of(TEXT, weights)


def images(count: int = 2) -> list[dict[str, np.ndarray]]:
    """Seeded pictures in 0…1: patches with grain."""
    rng = np.random.default_rng(3)
    coarse = [rng.random((1, 3, 4, 4)).repeat(4, axis=2).repeat(4, axis=3) for _ in range(count)]
    return [{"x": (0.6 * each + 0.4 * rng.random(each.shape)).astype(np.float32)} for each in coarse]


def planner_of(graph: Graph) -> Planner:
    """The planner of ``graph``, calibrated on the pictures, without the rewrites that would cure it."""
    samples = given_samples(graph.inputs, images())
    spoiled = Recorder(samples=samples, rewrites=Balance().rewrites)
    return Planner(graph, spoiled, input_ranges={"x": (0.0, 1.0)})
