"""Values are rounded for all their readers, and nothing else is changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.plan.rounded_value import with_rounded
from mobilekit.quantisation import Scale
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph

TEXT = """
g (float[1, 4] x) => (float[1, 4] y, float[1, 4] z) {
    a = Neg(x)
    y = Neg(a)
    z = Abs(a)
}"""


def test_values_are_whole_steps_and_end_at_the_last(graph_of: Callable[..., Graph]) -> None:
    """Steps of a half: what lies between is rounded, what lies beyond is clipped; without scales nothing."""
    graph = graph_of(TEXT, {})
    feed = {"x": np.array([[0.3, -0.6, 1.0, 500.0]], np.float32)}
    with open_graph(with_rounded(graph, {"a": Scale(scale=0.5, zero_point=0)}), integers=False) as session:
        found = session.run(feed)
    assert np.array_equal(found["y"], [[0.5, -0.5, 1.0, 64.0]])
    assert np.array_equal(found["z"], [[0.5, 0.5, 1.0, 64.0]])
    with open_graph(with_rounded(graph, {})) as session:
        assert np.array_equal(session.run(feed)["y"], feed["x"])
