"""A plan's rewrites are all applied, in the one order in which they fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.plan.bias_correction import corrected
from mobilekit.plan.equalise import equalise
from mobilekit.plan.rewrite import rewritten
from mobilekit.quantisation import QuantisationPlan
from mobilekit.source.graph import Graph

TEXT = """
g (float[1, 3, 4, 4] x) => (float[1, 2, 2, 2] y) {
    c = Conv(x, w)
    r = Relu(c)
    y = Conv(r, v)
}"""


def test_factors_then_corrections(graph_of: Callable[..., Graph]) -> None:
    """The same graph as both alone, one after the other; of an empty plan the graph itself."""
    graph = graph_of(TEXT, {"w": np.ones((4, 3, 3, 3)), "v": np.ones((2, 4, 1, 1))})
    factors, added = {"c": (1.0, 2.0, 3.0, 4.0)}, {"y": (0.5, -0.5)}
    empty = QuantisationPlan(graph_digest="", values={}, operators={})
    plan = QuantisationPlan(
        graph_digest="", values={}, operators={}, equalisation=factors, bias_corrections=added
    )
    assert rewritten(graph, plan).digest == corrected(equalise(graph, factors), added).digest
    assert rewritten(graph, empty) is graph
    assert QuantisationPlan.from_json(plan.to_json()) == plan
