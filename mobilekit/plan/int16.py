"""Operators with int16 activations: a plan of nothing else (w8a16), or some operators of an int8 plan.

Scales are symmetric and from extremes, with room beyond: of 65536 steps, outliers cost none that would
be missed, and what is clipped would be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mobilekit.calibrate.observe import observe
from mobilekit.convert.tflite.quantisable import REFUSED_AT_INT16, operators_of
from mobilekit.convert.tflite.view import view_of
from mobilekit.errors import PlanError
from mobilekit.plan.equalise import equalise
from mobilekit.plan.heavy_weights import lighten
from mobilekit.plan.int16_scales import Int16Scales, int16_scales
from mobilekit.plan.precision import NORM
from mobilekit.plan.same_scale import scale_classes
from mobilekit.plan.two_parts import in_two_parts
from mobilekit.quantisation import INT16_METHOD, OperatorPlan, QuantisationPlan

if TYPE_CHECKING:
    from mobilekit.calibrate.observations import Observations
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.calibrate.stats import ValueStats
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed

HEADROOM = 2.0
"""Other photos have larger values: one bit of sixteen for them.

Measured with 4 calibration photos on an exposure correction network, worst of 4 others: 33.3 dB
without, 43.8 from a quarter on, and still 43.9 with two bits; int8 weights allow no more there.
"""
NO_KERNEL = "no int16 kernel"
PROPORTIONAL = "small operands make its result, or are it: fixed steps lose them"
ALONE = "no int16 operator with weights is connected to it: int16 would only add conversions"

_PROPORTIONAL = frozenset({"Div", "Exp", "Log", "ReduceProd", "Sqrt"})

_Progress = Callable[[int, int], None]


class Int16Planner:
    """A legalised ``graph`` and the extremes that ``samples`` showed of its values so far.

    ``input_ranges`` has the values of black and white of the graph's image inputs;
    ``equalisation``, ``shifts`` and ``two_part`` those of the plans to be raised. Values are observed
    when they are first needed.
    """

    def __init__(
        self,
        graph: Graph,
        samples: SampleSource | Sequence[Feed] | Observations,
        *,
        equalisation: Mapping[str, tuple[float, ...]] | None = None,
        shifts: Mapping[str, tuple[float, ...]] | None = None,
        two_part: tuple[str, ...] = (),
        input_ranges: Mapping[str, tuple[float, float]] | None = None,
        progress: _Progress | None = None,
    ) -> None:
        self._graph, self._samples, self._progress = graph, samples, progress
        self._equalisation = dict(equalisation or {})
        self._shifts = dict(shifts or {})
        self._two_part = tuple(two_part)
        self._rewritten = in_two_parts(equalise(graph, self._equalisation, self._shifts), self._two_part)
        self._view = view_of(self._rewritten)
        self._operators = operators_of(self._view)
        self._images = {name: (min(ends), max(ends)) for name, ends in (input_ranges or {}).items()}
        self._stats: dict[str, ValueStats] = {}

    def plan(self) -> QuantisationPlan:
        """The plan with every operator at int16 that is as good there.

        Raises InputDataError without samples.
        """
        reasons: dict[str, str] = {}
        while True:
            precisions = decide_int16(self._operators, denied=reasons)
            chosen = [o.at_int16() for o in self._operators if precisions[o.name].precision == "int16"]
            scales = self._scales(chosen)
            if not scales.denied:
                break
            reasons.update(scales.denied)
        return QuantisationPlan(
            graph_digest=self._graph.digest,
            values={},
            operators=lighten(self._view, self._operators, precisions),
            equalisation=self._equalisation,
            shifts=self._shifts,
            two_part=self._two_part,
            method=INT16_METHOD,
            values_int16=scales.values,
        )

    def raised(self, plan: QuantisationPlan, names: Mapping[str, str]) -> QuantisationPlan:
        """``plan`` with the operators of ``names`` (name → reason) at int16, those that can be.

        What cannot stays as it is in ``plan``; :meth:`refusal` says why. Raises PlanError for an
        unknown operator, or a plan that is equalised otherwise.
        """
        self._check(plan, names)
        wanted = {**{n: "" for n, p in plan.operators.items() if p.precision == "int16"}, **names}
        wanted = {name: reason for name, reason in wanted.items() if not self.refusal(name)}
        while True:
            scales = self._scales([o.at_int16() for o in self._operators if o.name in wanted])
            if not scales.denied:
                break
            wanted = {name: reason for name, reason in wanted.items() if name not in scales.denied}
        reasons = {name: reason or plan.operators[name].reason for name, reason in wanted.items()}
        changed = {name: OperatorPlan(precision="int16", reason=reason) for name, reason in reasons.items()}
        return replace(plan, operators={**plan.operators, **changed}, values_int16=scales.values)

    def refusal(self, name: str) -> str:
        """Why the operator cannot be an int16 one; empty if it can."""
        return _refusal(next(o for o in self._operators if o.name == name))

    def _check(self, plan: QuantisationPlan, names: Collection[str]) -> None:
        unknown = sorted(set(names) - {o.name for o in self._operators})
        if unknown:
            message = f"no operator of the graph is named {', '.join(unknown)}"
            raise PlanError(message, hint="operators are named by their first outputs")
        rewrites = dict(plan.equalisation), dict(plan.shifts), plan.two_part
        if (
            rewrites != (self._equalisation, self._shifts, self._two_part)
            or plan.graph_digest != self._graph.digest
        ):
            message = "the plan is of another graph, or equalises it otherwise"
            raise PlanError(message, hint="give the planner the graph and the equalisation of the plan")

    def _scales(self, chosen: Sequence[Operator]) -> Int16Scales:
        classes = scale_classes(chosen)
        self._observe(value for c in classes for value in c.sources)
        unusable = {name for name, value in self._stats.items() if value.non_finite or not value.photos}
        extremes = {n: HEADROOM * max(abs(s.minimum), abs(s.maximum)) for n, s in self._stats.items()}
        extremes.update({name: max(abs(low), abs(high)) for name, (low, high) in self._images.items()})
        return int16_scales(
            classes, operators=chosen, view=self._view, extremes=extremes, unusable=frozenset(unusable)
        )

    def _observe(self, values: Iterable[str]) -> None:
        known = self._stats.keys() | self._images.keys()
        wanted = [name for name in dict.fromkeys(values) if name not in known]
        if wanted:
            seen = observe(self._rewritten, self._samples, values=wanted, progress=self._progress)
            self._stats.update(seen.values)


def plan_w8a16(
    graph: Graph,
    samples: SampleSource | Sequence[Feed] | Observations,
    *,
    input_ranges: Mapping[str, tuple[float, float]] | None = None,
    progress: _Progress | None = None,
) -> QuantisationPlan:
    """The plan of a file with int8 weights and int16 activations, from ``samples`` of a legalised graph."""
    return Int16Planner(graph, samples, input_ranges=input_ranges, progress=progress).plan()


def decide_int16(
    operators: Sequence[Operator], *, denied: Mapping[str, str] | None = None
) -> dict[str, OperatorPlan]:
    """The precision of every operator of a w8a16 file, by name; ``denied`` ones stay float.

    All that has an int16 kernel as good as float is int16, unless nothing with weights is connected
    to it: the file is for accelerators that would have to go through float and back otherwise.
    """
    reasons = dict(denied or {})
    for operator in operators:
        refused = _refusal(operator) or (PROPORTIONAL if _is_proportional(operator) else "")
        if refused:
            reasons.setdefault(operator.name, refused)
    chosen = [o for o in operators if o.name not in reasons]
    connected = _connected_to_weights(chosen)
    reasons.update({o.name: ALONE for o in chosen if o.name not in connected})
    return {
        o.name: OperatorPlan(precision="float", reason=reasons[o.name])
        if o.name in reasons
        else OperatorPlan(precision="int16")
        for o in operators
    }


def _refusal(operator: Operator) -> str:
    if operator.rule_int16 is not None:
        return ""
    if "Normalize" in operator.op_type:
        return NORM
    return REFUSED_AT_INT16.get(operator.op_type, f"{NO_KERNEL} for {operator.op_type}")


def _is_proportional(operator: Operator) -> bool:
    return operator.op_type in _PROPORTIONAL and not (operator.op_type == "Div" and operator.constants)


def _connected_to_weights(operators: Sequence[Operator]) -> set[str]:
    """The operators that int16 values connect with one that has weights, by name."""
    touching: dict[str, list[Operator]] = {}
    for operator in operators:
        for value in filter(None, (*operator.inputs, *operator.outputs)):
            touching.setdefault(value, []).append(operator)
    found: set[str] = set()
    ahead = [o for o in operators if o.rule_int16 == "weights"]
    while ahead:
        operator = ahead.pop()
        if operator.name in found:
            continue
        found.add(operator.name)
        for value in filter(None, (*operator.inputs, *operator.outputs)):
            ahead.extend(touching[value])
    return found
