"""From a legalised graph and calibration samples to a quantisation plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mobilekit.calibrate.observe import observe
from mobilekit.calibrate.samples import SampleSource
from mobilekit.convert.tflite.quantisable import operators_of
from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.assign import ClassScales, class_scales, conflicts
from mobilekit.plan.equalise import equalisation_factors, equalise
from mobilekit.plan.heavy_weights import lighten
from mobilekit.plan.kernel_limits import respect_limits
from mobilekit.plan.precision import decide
from mobilekit.plan.ranges import check_method, image_scale, observed_range, range_of, scale_of
from mobilekit.plan.same_scale import scale_classes
from mobilekit.plan.small_products import small_products
from mobilekit.quantisation import QuantisationPlan

if TYPE_CHECKING:
    from mobilekit.calibrate.stats import ValueStats
    from mobilekit.quantisation import OperatorPlan, Scale, TensorRange
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed

DEFAULT_METHOD = "percentile"
DEFAULT_PERCENTILE = 99.99

_EQUALISATION_SAMPLES = 8

_Progress = Callable[[int, int], None]


def plan_int8(
    graph: Graph,
    samples: SampleSource | Sequence[Feed],
    *,
    method: str = DEFAULT_METHOD,
    percentile: float = DEFAULT_PERCENTILE,
    input_ranges: Mapping[str, tuple[float, float]] | None = None,
    progress: _Progress | None = None,
) -> QuantisationPlan:
    """Precisions, scales and equalisation for static int8, from ``samples`` of a legalised graph.

    ``method`` is ``percentile`` (``percentile`` per cent of the values from below, and from above,
    are inside the range) or ``min-max``. ``input_ranges`` has the values of black and white of the
    graph's image inputs; their scales come from there. Raises UsageError for an unknown method,
    InputDataError without samples.
    """
    check_method(method, percentile)
    factors = equalisation_factors(graph, _few(samples))
    balanced = equalise(graph, factors)
    view = view_of(balanced)
    operators = operators_of(view)
    images = {name: image_scale(*ends) for name, ends in (input_ranges or {}).items()}
    stats: dict[str, ValueStats] = {}
    denied = small_products(view, operators)
    # A file with integer inputs and outputs needs their scales, whatever computes them.
    borders = [
        name
        for name in dict.fromkeys((*view.inputs, *view.outputs))
        if view.dtypes[name].kind == "f" and name not in view.constants
    ]
    while True:
        precisions = decide(operators, denied=denied)
        chosen = [o for o in operators if precisions[o.name].precision == "int8"]
        classes = scale_classes(chosen)
        sources = dict.fromkeys([value for c in classes for value in c.sources] + borders)
        wanted = [name for name in sources if name not in (stats.keys() | images.keys())]
        seen = observe(balanced, samples, values=wanted, extremes=method != "percentile", progress=progress)
        stats.update(seen.values)
        ranges = {n: observed_range(s, method=method, percentile=percentile) for n, s in stats.items()}
        unusable = frozenset(name for name, value in stats.items() if value.non_finite or not value.photos)
        scales = class_scales(classes, view=view, operators=chosen, images=images, ranges=ranges)
        against = conflicts(scales, operators=chosen, unusable=unusable)
        if not against:
            scales, against = respect_limits(scales, operators=chosen, view=view)
        if not against:
            said = f"{method} {percentile}" if method == "percentile" else method
            made = _plan(graph, lighten(view, operators, precisions), scales, factors, said)
            edges = {
                n: range_of(images[n]) if n in images else ranges[n] for n in borders if n not in unusable
            }
            return _with_borders(made, edges)
        denied.update(against)


def _with_borders(plan: QuantisationPlan, edges: Mapping[str, TensorRange]) -> QuantisationPlan:
    """The plan with scales for those inputs and outputs that no int8 operator touches."""
    missing = {name: edge for name, edge in sorted(edges.items()) if name not in plan.values}
    return replace(
        plan,
        values={**plan.values, **{name: scale_of(edge) for name, edge in missing.items()}},
        ranges={**plan.ranges, **missing},
    )


def _few(samples: SampleSource | Sequence[Feed]) -> SampleSource | Sequence[Feed]:
    """A few samples, spread over all: enough to see how large channels are beside each other."""
    if isinstance(samples, SampleSource):
        return samples.spread(_EQUALISATION_SAMPLES)
    return samples[:: max(1, -(-len(samples) // _EQUALISATION_SAMPLES))]


def _plan(
    graph: Graph,
    precisions: Mapping[str, OperatorPlan],
    scales: Sequence[ClassScales],
    factors: Mapping[str, tuple[float, ...]],
    method: str,
) -> QuantisationPlan:
    values: dict[str, Scale] = {}
    ranges: dict[str, TensorRange] = {}
    for found in scales:
        for value in found.scale_class.values:
            values[value], ranges[value] = found.scale, found.interval
    return QuantisationPlan(
        graph_digest=graph.digest,
        values=values,
        operators=precisions,
        ranges=ranges,
        equalisation=factors,
        method=method,
    )
