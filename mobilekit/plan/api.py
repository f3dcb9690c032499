"""From a legalised graph and calibration samples to a quantisation plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from mobilekit.plan.planner import Planner
from mobilekit.plan.ranges import DEFAULT_METHOD, DEFAULT_PERCENTILE, RangeRule

if TYPE_CHECKING:
    from mobilekit.calibrate.observations import Observations
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed


def plan_int8(
    graph: Graph,
    samples: SampleSource | Sequence[Feed] | Observations,
    *,
    method: str = DEFAULT_METHOD,
    percentile: float = DEFAULT_PERCENTILE,
    symmetric: bool = False,
    input_ranges: Mapping[str, tuple[float, float]] | None = None,
    denied: Mapping[str, str] | None = None,
    on_processor: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> QuantisationPlan:
    """Precisions, scales and equalisation for static int8, from ``samples`` of a legalised graph.

    ``method`` says how ranges follow from what is observed: ``percentile`` (``percentile`` per cent of
    the values from below, and from above, are inside), ``min-max``, ``mean-extremes`` (of the photos),
    ``entropy`` or ``mse``; ``symmetric`` ranges have their zero points at zero. ``input_ranges`` has
    the values of black and white of the graph's image inputs; their scales come from there. ``denied``
    operators (name → reason) are float, and ``on_processor`` those that a processor computes faster so.
    Several plans of one graph are cheaper from one :class:`~mobilekit.plan.planner.Planner`.
    Raises UsageError for an unknown method, InputDataError without samples.
    """
    planner = Planner(
        graph,
        samples,
        ranges=RangeRule(method=method, percentile=percentile, symmetric=symmetric),
        input_ranges=input_ranges,
        on_processor=on_processor,
        progress=progress,
    )
    return planner.plan(denied=denied)
