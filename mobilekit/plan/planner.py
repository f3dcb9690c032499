"""What is learnt of a graph from calibration samples, kept to plan it again and again.

Rewrites and statistics do not depend on which operators are int8: a search that asks for many plans
of one graph runs its samples once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.observations import Observations, Rewrites
from mobilekit.calibrate.observe import observe
from mobilekit.calibrate.samples import SampleSource
from mobilekit.convert.tflite.carried import carried
from mobilekit.convert.tflite.quantisable import operators_of
from mobilekit.convert.tflite.view import view_of
from mobilekit.errors import PlanError
from mobilekit.plan.always_float import always_float
from mobilekit.plan.assign import ClassScales, class_scales, conflicts, unequal_joins
from mobilekit.plan.balance import Balance, balanced
from mobilekit.plan.bias_correction import bias_corrections
from mobilekit.plan.heavy_weights import lighten
from mobilekit.plan.kernel_limits import respect_limits
from mobilekit.plan.norm_channels import behind_norms
from mobilekit.plan.precision import decide
from mobilekit.plan.ranges import RangeRule, image_scale, range_of
from mobilekit.plan.same_scale import scale_classes
from mobilekit.quantisation import QuantisationPlan

if TYPE_CHECKING:
    from mobilekit.calibrate.stats import ValueStats
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.quantisation import OperatorPlan, Scale, TensorRange
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed

_BALANCE_SAMPLES = 16

COHERENT = 9.0
"""How often rounding counts behind norms: in a flat place the taps of a 3x3 filter are all off alike."""

_Progress = Callable[[int, int], None]


class Planner:
    """A legalised ``graph``, rewritten for int8, and what ``samples`` told of its values so far.

    Arguments as of :func:`mobilekit.plan.api.plan_int8`. Values are observed when a plan first needs
    them, all that such a plan needs in one pass; ``observe_all`` observes what any plan could need.
    """

    def __init__(
        self,
        graph: Graph,
        samples: SampleSource | Sequence[Feed] | Observations,
        *,
        ranges: RangeRule | None = None,
        input_ranges: Mapping[str, tuple[float, float]] | None = None,
        on_processor: bool = True,
        progress: _Progress | None = None,
    ) -> None:
        self._graph = graph
        self._samples = samples
        self._rule = ranges or RangeRule()
        self._progress = progress
        decided = samples.rewrites if isinstance(samples, Observations) else None
        self._balance = (
            Balance.of(decided) if decided else balanced(graph, _few(samples), on_processor=on_processor)
        )
        self._rewritten = self._balance.rewritten(graph)
        self._view = view_of(self._rewritten)
        self._operators = operators_of(self._view)
        factors = carried(self._view, self._balance.crossing)
        self._means = {
            value: np.array(means) * factors.get(value, 1.0) for value, means in self._balance.means.items()
        }
        self._images = {name: image_scale(*ends) for name, ends in (input_ranges or {}).items()}
        self._stats: dict[str, ValueStats] = {}
        self._ranges: dict[str, TensorRange] = {}
        self._behind_norms = behind_norms(self._view)
        self._denied = always_float(self._view, self._operators, on_processor=on_processor)
        # A file with integer inputs and outputs needs their scales, whatever computes them.
        self._borders = [
            name
            for name in dict.fromkeys((*self._view.inputs, *self._view.outputs))
            if self._view.dtypes[name].kind == "f" and name not in self._view.constants
        ]

    @property
    def graph(self) -> Graph:
        """The legalised graph, as it was given."""
        return self._graph

    @property
    def rewritten(self) -> Graph:
        """The graph that the plans are of, as their factors, shifts and two-part values make it."""
        return self._rewritten

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators of the file to be, in order."""
        return self._operators

    @property
    def rewrites(self) -> Rewrites:
        """What ``rewritten`` was rewritten by: for statistics, to do the same again."""
        return self._balance.rewrites

    def observe_all(self) -> None:
        """Observe in one pass what any later plan could ask for."""
        values = [value for o in self._operators if o.rule for value in (*o.inputs, *o.outputs) if value]
        self._observe([*values, *self._borders])

    def plan(self, *, denied: Mapping[str, str] | None = None) -> QuantisationPlan:
        """The plan in which the operators of ``denied`` (name → reason) are float, by the plan's rules.

        Raises InputDataError without samples, PlanError for an unknown operator.
        """
        unknown = sorted(set(denied or {}) - {o.name for o in self._operators})
        if unknown:
            message = f"no operator of the graph is named {', '.join(unknown)}"
            raise PlanError(message, hint="operators are named by their first outputs")
        reasons = {**self._denied, **(denied or {})}
        while True:
            precisions = decide(self._operators, denied=reasons)
            chosen = [o for o in self._operators if precisions[o.name].precision == "int8"]
            scales, against = self._scales(chosen)
            if not against:
                return self._made(precisions, scales)
            reasons.update(against)

    def _scales(self, chosen: Sequence[Operator]) -> tuple[tuple[ClassScales, ...], dict[str, str]]:
        """The scales of what the ``chosen`` operators touch, and which of them must be float instead."""
        classes = scale_classes(chosen)
        self._observe([*(value for c in classes for value in c.sources), *self._borders])
        scales = class_scales(
            classes,
            view=self._view,
            operators=chosen,
            images=self._images,
            ranges=self._ranges,
            symmetric=self._rule.symmetric,
        )
        against = conflicts(scales, operators=chosen, unusable=self._unusable())
        against.update(unequal_joins(scales, operators=chosen, ranges=self._ranges))
        if against:
            return scales, against
        return respect_limits(scales, operators=chosen, view=self._view)

    def _observe(self, values: Iterable[str]) -> None:
        known = self._stats.keys() | self._images.keys()
        wanted = [name for name in dict.fromkeys(values) if name not in known]
        seen = observe(
            self._rewritten,
            self._samples,
            values=wanted,
            extremes=self._rule.needs_extremes,
            progress=self._progress,
        )
        self._stats.update(seen.values)
        for name, stats in seen.values.items():
            rounding = COHERENT if name in self._behind_norms else 1.0
            self._ranges[name] = self._rule.range_of(stats, rounding=rounding)
        # What a norm reads was given its interval when its channels were.
        self._ranges.update({n: r for n, r in self._balance.ranges.items() if n in seen.values})

    def _unusable(self) -> frozenset[str]:
        return frozenset(name for name, value in self._stats.items() if value.non_finite or not value.photos)

    def _made(
        self, precisions: Mapping[str, OperatorPlan], scales: Sequence[ClassScales]
    ) -> QuantisationPlan:
        values: dict[str, Scale] = {}
        ranges: dict[str, TensorRange] = {}
        for found in scales:
            for value in found.scale_class.values:
                values[value], ranges[value] = found.scale, found.interval
        made = QuantisationPlan(
            graph_digest=self._graph.digest,
            values=values,
            operators=lighten(self._view, self._operators, precisions),
            ranges=ranges,
            equalisation=self._balance.factors,
            shifts=self._balance.shifts,
            two_part=self._balance.two_part,
            bias_corrections=bias_corrections(self._view, self._means, names=self._weighted(precisions)),
            method=str(self._rule),
        )
        return self._with_borders(made)

    def _weighted(self, precisions: Mapping[str, OperatorPlan]) -> list[str]:
        """The operators with int8 weights and operands."""
        weighted = [o.name for o in self._operators if o.rule == "weights"]
        return [name for name in weighted if precisions[name].precision == "int8"]

    def _with_borders(self, plan: QuantisationPlan) -> QuantisationPlan:
        """The plan with scales for those inputs and outputs that no int8 operator touches."""
        missing = {name: edge for name, edge in sorted(self._edges().items()) if name not in plan.values}
        scales = {name: self._images.get(name) or self._rule.scale_for(e) for name, e in missing.items()}
        return replace(plan, values={**plan.values, **scales}, ranges={**plan.ranges, **missing})

    def _edges(self) -> dict[str, TensorRange]:
        """The ranges of those inputs and outputs that have one."""
        unusable = self._unusable()
        return {
            name: range_of(self._images[name]) if name in self._images else self._ranges[name]
            for name in self._borders
            if name not in unusable
        }


def _few(
    samples: SampleSource | Sequence[Feed] | Observations,
) -> SampleSource | Sequence[Feed]:
    """A few samples, spread over all: enough to see how large channels are beside each other."""
    if isinstance(samples, SampleSource | Observations):
        return samples.spread(_BALANCE_SAMPLES)
    return samples[:: max(1, -(-len(samples) // _BALANCE_SAMPLES))]
