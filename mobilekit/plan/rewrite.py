"""The graph that a plan is written of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.plan.bias_correction import corrected
from mobilekit.plan.equalise import equalise
from mobilekit.plan.even_weights import with_even_weights
from mobilekit.plan.two_parts import in_two_parts

if TYPE_CHECKING:
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph


def rewritten(graph: Graph, plan: QuantisationPlan) -> Graph:
    """``graph`` as the plan's file computes it, but for the rounding of values.

    Its factors, shifts and convolutions in two parts change no result; its biases are corrected, and
    convolutions have the weights that int8 will say. Raises PlanError where they do not fit the graph.
    """
    equal = in_two_parts(equalise(graph, plan.equalisation, plan.shifts), plan.two_part)
    return with_even_weights(corrected(equal, plan.bias_corrections), plan)
