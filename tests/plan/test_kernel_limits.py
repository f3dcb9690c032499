"""Scales out of proportion are widened until the runtime takes the file, which then computes rightly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.plan.api import plan_int8
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(0)
TEXT = """
g (float[1, 4, 16, 16] x) => (float[1, 4, 16, 16] y) {
    a = Conv(x, w, b)
    d = Conv(a, v, c)
    s = Add(a, d)
    l = LeakyRelu<alpha = 0.1>(s)
    y = Conv(l, u)
}"""


@pytest.mark.parametrize("size", [1.0, 1e-6, 1e-12, 1e-30, 0.0])
def test_dead_branches(graph_of: Callable[..., Graph], tmp_path: Path, size: float) -> None:
    """A branch of any size beside one of size 1: the file runs and agrees, and stays all int8."""
    weights = {
        "w": RNG.normal(size=(4, 4, 1, 1)),
        "b": RNG.normal(size=4),
        "v": RNG.normal(size=(4, 4, 1, 1)) * size,
        "c": RNG.normal(size=4) * size,
        "u": RNG.normal(size=(4, 4, 1, 1)),
    }
    graph = graph_of(TEXT, weights)
    feeds = [{"x": RNG.normal(size=(1, 4, 16, 16)).astype(np.float32)} for _ in range(4)]
    plan = plan_int8(graph, feeds)
    assert all(p.precision == "int8" for p in plan.operators.values())
    file = tmp_path / "model.tflite"
    file.write_bytes(emit(graph, precision="int8", plan=plan))
    with open_graph(graph) as reference, open_tflite(file) as converted:
        for feed in feeds:
            want, got = reference.run(feed)["y"], converted.run(feed)["y"]
            assert np.abs(want - got).mean() < 0.03 * np.abs(want).max()
