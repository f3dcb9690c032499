"""From a legalised graph and calibration samples to a quantisation plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from mobilekit.plan.planner import Planner

if TYPE_CHECKING:
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed

DEFAULT_METHOD = "percentile"
DEFAULT_PERCENTILE = 99.99


def plan_int8(
    graph: Graph,
    samples: SampleSource | Sequence[Feed],
    *,
    method: str = DEFAULT_METHOD,
    percentile: float = DEFAULT_PERCENTILE,
    input_ranges: Mapping[str, tuple[float, float]] | None = None,
    denied: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> QuantisationPlan:
    """Precisions, scales and equalisation for static int8, from ``samples`` of a legalised graph.

    ``method`` is ``percentile`` (``percentile`` per cent of the values from below, and from above,
    are inside the range) or ``min-max``. ``input_ranges`` has the values of black and white of the
    graph's image inputs; their scales come from there. ``denied`` operators (name → reason) are
    float. Several plans of one graph are cheaper from one :class:`~mobilekit.plan.planner.Planner`.
    Raises UsageError for an unknown method, InputDataError without samples.
    """
    planner = Planner(
        graph,
        samples,
        method=method,
        percentile=percentile,
        input_ranges=input_ranges,
        progress=progress,
    )
    return planner.plan(denied=denied)
