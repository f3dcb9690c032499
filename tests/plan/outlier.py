"""A small network that int8 spoils in one known place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.calibrate.recording import Recorder
from mobilekit.calibrate.samples import given_samples
from mobilekit.plan.balance import Balance
from mobilekit.plan.planner import Planner
from mobilekit.source.graph import Graph


def outlier_text(given: str = "x", result: str = "y") -> str:
    """What all channels of ``b`` have in common is large, and ``c`` takes it away: no factor per channel
    helps. The input and the output have these names.
    """
    return f"""
    g (float[1, 3, 16, 16] {given}) => (float[1, 3, 16, 16] {result}) {{
        a = Conv<pads = [1, 1, 1, 1]>({given}, wa)
        ra = Relu(a)
        b = Conv<pads = [1, 1, 1, 1]>(ra, wb)
        rb = Relu(b)
        c = Conv(rb, wc)
        rc = Relu(c)
        d = Conv<pads = [1, 1, 1, 1]>(rc, wd)
        {result} = Tanh(d)
    }}"""


TEXT = outlier_text()

HADAMARD = np.array([[(-1) ** bin(row & column).count("1") for column in range(8)] for row in range(8)])


def outlier_weights(common: float) -> dict[str, np.ndarray]:
    """Seeded weights; ``common`` is what the filters of ``b`` share, beside 0.1 of their own."""
    rng = np.random.default_rng(7)
    first, second = rng.normal(0, 0.3, (8, 3, 3, 3)), common + rng.normal(0, 0.1, (8, 8, 3, 3))
    steps = np.abs(second).max(axis=(1, 2, 3), keepdims=True) / 127.0
    return {
        "wa": first,
        "wb": np.round(second / steps) * steps,  # int8 weights lose nothing of it: values do
        "wc": HADAMARD[[1, 2, 3, 4, 5, 6, 7, 1]].reshape(8, 8, 1, 1) * 0.5,
        "wd": rng.normal(0, 0.1, (3, 8, 3, 3)),
    }


def outlier_graph(graph_of: Callable[..., Graph], common: float = 4.0) -> Graph:
    """The network; ``common`` 0 makes it harmless."""
    return graph_of(TEXT, outlier_weights(common))


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
