"""The least float that brings an int8 file within a budget.

Errors of single roundings add up (`sensitivity`), so sets of float operators are weighed without
running them; what looks right is written, executed and measured. In the end every part that was
made float is taken back on trial: it stays only if the budget needs it, and the trial says what it
is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.macs import count_macs
from mobilekit.plan.precision import decide
from mobilekit.plan.regions import Regions, cost_of
from mobilekit.plan.simulate import sources_of
from mobilekit.quantisation import OperatorPlan

if TYPE_CHECKING:
    from mobilekit.plan.int16 import Int16Planner
    from mobilekit.plan.planner import Planner
    from mobilekit.plan.sensitivity import Noise, Sensitivity
    from mobilekit.quantisation import QuantisationPlan

MOST_FILES = 16
"""Files that are written and measured, at most."""

_LOOKED_AT = 12  # the loudest sources, per step
_ROUNDS = 6
_ENOUGH = 1.15  # what is foreseen is not what comes: aim beyond
_ASIDE = 0.2  # dB

Shortfalls = Mapping[str, float]
"""Per output the dB that its noise must fall by to be within the budget; zero or less: it is."""

Measure = Callable[["QuantisationPlan"], Shortfalls]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Operators that are float together. ``gain`` in dB at the output it matters most to, measured where
    ``measured``, else foreseen; ``share`` of the multiply-accumulates.
    """

    operators: tuple[str, ...]
    output: str
    gain: float
    share: float
    measured: bool

    @property
    def reason(self) -> str:
        """For the plan."""
        about = "" if self.measured else "about "
        work = f"{self.share:.1%} of the multiply-adds" if self.share >= 0.0005 else "next to no work"
        return f"sensitivity: output {self.output} gains {about}{self.gain:.1f} dB for {work}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The plan that was found, and whether it is within the budget on the samples of the search."""

    plan: QuantisationPlan
    kept: tuple[Kept, ...]
    within: bool
    before: Shortfalls
    after: Shortfalls
    files: int


def search(
    planner: Planner,
    sensitivity: Sensitivity,
    measure: Measure,
    *,
    int16: Int16Planner | None = None,
    most_float: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> Found:
    """Find the plan with the least float work for which ``measure`` has no positive shortfall.

    With a planner for it, ``int16`` takes the place of float. ``most_float`` is the largest share of
    the multiply-accumulates that may be in either. ``sensitivity`` is that of ``planner.plan()``.
    Raises what planning and measuring raise.
    """
    return _Search(planner, sensitivity, measure, int16, most_float, progress).run()


class _Search:
    def __init__(
        self,
        planner: Planner,
        sensitivity: Sensitivity,
        measure: Measure,
        int16: Int16Planner | None,
        most_float: float,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._planner, self._sensitivity, self._measure = planner, sensitivity, measure
        self._int16 = int16
        self._most_float, self._progress = most_float, progress
        self._operators = planner.operators
        self._regions = Regions(planner.operators)
        self._work, self._macs = _shares(planner)
        self._first = planner.plan()
        self._base = {n: p.reason for n, p in self._first.operators.items() if p.precision != "int8"}
        self._files = 0

    def run(self) -> Found:
        before = after = self._measured({})
        steps: list[tuple[str, ...]] = []
        for _ in range(_ROUNDS):
            if _is_within(after):
                break
            added = self._steps(steps, after)
            if not added:
                break
            steps += added
            after = self._measured(_names(steps))
        steps, after, kept = self._without_the_needless(steps, after)
        plan = with_more_bits(self._planner, reasons_of(kept), int16=self._int16)
        return Found(
            plan=plan, kept=kept, within=_is_within(after), before=before, after=after, files=self._files
        )

    def _measured(self, names: Mapping[str, None]) -> Shortfalls:
        self._files += 1
        if self._progress is not None:
            self._progress(self._files - 1, MOST_FILES)
        return self._measure(with_more_bits(self._planner, dict.fromkeys(names, ""), int16=self._int16))

    def _steps(self, steps: Sequence[tuple[str, ...]], now: Shortfalls) -> list[tuple[str, ...]]:
        """Further sets of operators to make float, until what is foreseen is enough."""
        found: list[tuple[str, ...]] = []
        start = self._noise(_names(steps))
        wanted = {o: s * _ENOUGH + _ASIDE for o, s in now.items() if s > 0.0}
        while True:
            noise = self._noise(_names([*steps, *found]))
            missing = self._missing(wanted, start, noise)
            if found and all(dB <= 0.0 for dB in missing.values()):
                return found
            best = self._best(_names([*steps, *found]), noise, missing)
            if best is None:
                return found
            found.append(best)

    def _missing(self, wanted: Shortfalls, start: Noise, noise: Noise) -> dict[str, float]:
        gained = {o: _decibels(start[i], noise[i]) for i, o in enumerate(self._sensitivity.outputs)}
        # Outputs that are not modelled (integers) follow what helps on the whole.
        overall = _decibels(start, noise)
        return {output: dB - gained.get(output, overall) for output, dB in wanted.items()}

    def _best(self, names: Mapping[str, None], noise: Noise, missing: Shortfalls) -> tuple[str, ...] | None:
        """The set of operators with the most foreseen decibels for its cost; None if none may be float."""
        rows = [i for i, o in enumerate(self._sensitivity.outputs) if missing.get(o, 0.0) > 0.0]
        rows = rows or list(range(len(self._sensitivity.outputs)))
        precisions = self._precisions(names)
        active = sources_of(self._operators, precisions)
        share = {s: float(_part(self._sensitivity.total([s])[rows], noise[rows])) for s in active}
        cost = self._cost(precisions)
        best: tuple[float, tuple[str, ...]] | None = None
        for source in sorted(active, key=lambda s: (-share[s], s))[:_LOOKED_AT]:
            region = tuple(n for n in self._regions.removing(source) if n not in names)
            tried = {**names, **dict.fromkeys(region)}
            if not self._possible(region) or self._float_work(tried) > self._most_float:
                continue
            gain = _decibels(noise[rows], self._noise(tried)[rows])
            price = max(self._cost(self._precisions(tried)) - cost, 1e-4)
            if gain > 0.0 and (best is None or gain / price > best[0]):
                best = gain / price, region
        return best[1] if best else None

    def _possible(self, region: Sequence[str]) -> bool:
        if self._int16 is not None and any(self._int16.refusal(name) for name in region):
            return False
        return bool(region)

    def _without_the_needless(
        self, steps: list[tuple[str, ...]], after: Shortfalls
    ) -> tuple[list[tuple[str, ...]], Shortfalls, tuple[Kept, ...]]:
        """Take back each step on trial, the most work first, while files may be written."""
        kept: dict[tuple[str, ...], Kept] = {}
        within = _is_within(after)
        for step in sorted(steps, key=lambda s: (-self._own_work(s), s)):
            others = [other for other in steps if other != step]
            if self._files >= MOST_FILES:
                kept[step] = self._foreseen(step, steps)
                continue
            trial = self._measured(_names(others))
            if within and _is_within(trial):
                steps, after = others, trial
                continue
            output = max(trial, key=lambda o: (trial[o] - after[o], o))
            kept[step] = Kept(
                operators=step,
                output=output,
                gain=max(0.0, trial[output] - after[output]),
                share=self._own_work(step),
                measured=True,
            )
        return steps, after, tuple(kept[step] for step in steps if step in kept)

    def _foreseen(self, step: tuple[str, ...], steps: Sequence[tuple[str, ...]]) -> Kept:
        now = self._noise(_names(steps))
        before = self._noise(_names([other for other in steps if other != step]))
        gains = [_decibels(before[i], now[i]) for i in range(len(now))]
        index = int(np.argmax(gains))
        return Kept(
            operators=step,
            output=self._sensitivity.outputs[index],
            gain=gains[index],
            share=self._own_work(step),
            measured=False,
        )

    def _precisions(self, names: Mapping[str, None]) -> dict[str, OperatorPlan]:
        if self._int16 is not None:
            planned = decide(self._operators, denied=self._base)
            return {**planned, **dict.fromkeys(names, OperatorPlan(precision="int16"))}
        return decide(self._operators, denied={**self._base, **dict.fromkeys(names, "")})

    def _noise(self, names: Mapping[str, None]) -> Noise:
        return self._sensitivity.total(sources_of(self._operators, self._precisions(names)))

    def _cost(self, precisions: Mapping[str, OperatorPlan]) -> float:
        floats = {n: None for n, p in precisions.items() if p.precision != "int8" and n not in self._base}
        return cost_of(self._operators, floats, self._work)

    def _float_work(self, names: Mapping[str, None]) -> float:
        precisions = self._precisions(names)
        return sum(share for name, share in self._macs.items() if precisions[name].precision != "int8")

    def _own_work(self, names: Sequence[str]) -> float:
        return sum(self._macs.get(name, 0.0) for name in names)


def reasons_of(kept: Sequence[Kept]) -> dict[str, str]:
    """Why each operator is float, by name."""
    return {name: each.reason for each in kept for name in each.operators}


def with_more_bits(
    planner: Planner, reasons: Mapping[str, str], *, int16: Int16Planner | None = None
) -> QuantisationPlan:
    """The planner's plan with the operators of ``reasons`` at ``int16``, else in float, weights and all.

    Weights of float operators are half-precision numbers in the file: int8 ones would bring back half
    the error.
    """
    if int16 is not None:
        return int16.raised(planner.plan(), reasons) if reasons else planner.plan()
    plan = planner.plan(denied=reasons)
    weighty = {o.name for o in planner.operators if o.rule == "weights"}
    own = {
        name: replace(plan.operators[name], precision="fp16-weights", reason=reason)
        for name, reason in reasons.items()
        if name in weighty and plan.operators[name].precision != "int8"
    }
    return replace(plan, operators={**plan.operators, **own})


def _shares(planner: Planner) -> tuple[dict[str, float], dict[str, float]]:
    """Per operator its share of work (multiply-accumulates and weights, half each), and of the former."""
    view = view_of(planner.rewritten)
    counts = count_macs(view)
    weighty = {o.name for o in planner.operators if o.rule == "weights"}
    sizes = {
        node.output[0]: view.constants[node.input[1]].size for node in view.nodes if node.output[0] in weighty
    }
    macs = {n: count / sum(counts.values()) for n, count in counts.items()}
    stored = sum(sizes.values()) or 1
    return {n: (macs.get(n, 0.0) + sizes.get(n, 0) / stored) / 2 for n in {**macs, **sizes}}, macs


def _names(steps: Sequence[tuple[str, ...]]) -> dict[str, None]:
    return {name: None for step in steps for name in step}


def _is_within(shortfalls: Shortfalls) -> bool:
    return all(dB <= 0.0 for dB in shortfalls.values())


def _decibels(before: Noise, after: Noise) -> float:
    """By how much noise fell, in dB, in the mean of its elements."""
    least = 1e-30
    return float(10.0 * np.mean(np.log10(np.maximum(before, least)) - np.log10(np.maximum(after, least))))


def _part(own: Noise, total: Noise) -> float:
    return float(np.mean(own / np.maximum(total, 1e-30)))
