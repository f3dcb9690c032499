"""The graph that a plan is written of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.plan.bias_correction import corrected
from mobilekit.plan.equalise import equalise

if TYPE_CHECKING:
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph


def rewritten(graph: Graph, plan: QuantisationPlan) -> Graph:
    """``graph`` with the plan's factors and shifts, which change no result, and its biases corrected.

    Raises PlanError where they do not fit the graph.
    """
    return corrected(equalise(graph, plan.equalisation, plan.shifts), plan.bias_corrections)
