"""Which factors and shifts make a graph's channels fill their int8 ranges.

Before a norm each channel gets an interval of its own. Elsewhere all channels that share tensors are
made about equally large, as far as the weights that take the factors away can stand it: their own
steps grow with the spread of factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.channels import ChannelSketch, channel_sketches
from mobilekit.convert.tflite.quantisable import operators_of
from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.always_float import always_float
from mobilekit.plan.bias_correction import correctable
from mobilekit.plan.channel_classes import ChannelClasses, channel_classes
from mobilekit.plan.equalise import equalise, shiftable
from mobilekit.plan.norm_channels import intervals, two_intervals
from mobilekit.plan.precision import decide
from mobilekit.plan.too_coarse import Equal, too_coarse
from mobilekit.plan.two_parts import fine_of, in_two_parts
from mobilekit.plan.weight_noise import Reader, noise, readers_of
from mobilekit.quantisation import TensorRange

if TYPE_CHECKING:
    from mobilekit.calibrate.observations import Rewrites
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed

LARGEST_FACTOR = 1024.0

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How far channels are made equal: not at all to wholly. The one with the least estimated error wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Factors and shifts by producer; ``ranges`` of the values whose intervals they were made for.

    ``means`` of the channels of what weights read, without factors: for bias corrections. ``two_part``
    are values that are computed in two parts.
    """

    factors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    shifts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    ranges: Mapping[str, TensorRange] = field(default_factory=dict)
    means: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    two_part: tuple[str, ...] = ()

    def rewritten(self, graph: Graph) -> Graph:
        """``graph`` with all of it: the same in float."""
        return in_two_parts(equalise(graph, self.factors, self.shifts), self.two_part)

    @property
    def crossing(self) -> dict[str, tuple[float, ...]]:
        """The factors that go on through other operators: not those that end in a sum of two parts."""
        return {value: found for value, found in self.factors.items() if value not in self.two_part}

    @property
    def rewrites(self) -> Rewrites:
        """As statistics keep it: two are fields of a plan, the third the ends of intervals."""
        ends = {value: (found.minimum, found.maximum) for value, found in self.ranges.items()}
        return {
            "equalisation": self.factors,
            "shifts": self.shifts,
            "intervals": ends,
            "means": self.means,
            "two_part": dict.fromkeys(self.two_part, ()),
        }

    @classmethod
    def of(cls, rewrites: Rewrites) -> Balance:
        """What ``rewrites`` keeps."""
        ends = rewrites.get("intervals", {})
        ranges = {value: TensorRange(minimum=e[0], maximum=e[1]) for value, e in ends.items()}
        return cls(
            factors=rewrites["equalisation"],
            shifts=rewrites.get("shifts", {}),
            ranges=ranges,
            means=rewrites.get("means", {}),
            two_part=tuple(sorted(rewrites.get("two_part", {}))),
        )


def balanced(graph: Graph, samples: Iterable[Feed], *, on_processor: bool = True) -> Balance:
    """Factors and shifts for ``graph``, from ``samples``; nothing is where nothing would be int8.

    ``on_processor`` as :func:`~mobilekit.plan.always_float.always_float` takes it.
    """
    view = view_of(graph)
    operators = operators_of(view)
    precisions = decide(operators, denied=always_float(view, operators, on_processor=on_processor))
    chosen = [o for o in operators if precisions[o.name].precision == "int8"]
    quantised = dict.fromkeys(value for o in chosen for value in (*o.inputs, *o.outputs) if value)
    int8 = {o.name for o in chosen if o.rule == "weights"}
    classes = channel_classes(view)
    before_norms = [n.output[0] for n in view.nodes if shiftable(view, n) and n.output[0] in quantised]
    others = [v for v in quantised if v in classes.members and classes.free_channels(v).any()]
    others = [v for v in others if v not in before_norms]
    read = [n.input[0] for n in view.nodes if n.output[0] in int8 and correctable(view, n)]
    sketches = channel_sketches(graph, samples, values=[*before_norms, *others, *read])
    sketches = {value: s for value, s in sketches.items() if s.finite}
    means = {v: _rounded(sketches[v].means.mean(axis=0)) for v in dict.fromkeys(read) if v in sketches}
    seen = {v: sketches[v] for v in before_norms if v in sketches}
    factors, shifts, ranges = _before_norms(seen)
    two_part = too_coarse(graph, samples, seen, Equal(factors=factors, shifts=shifts, ranges=ranges))
    for value in two_part:
        factors[value], shifts[value], fine = _in_two_parts(seen[value])
        ranges |= {value: fine[0], fine_of(value): fine[1]}
    readers = readers_of(view, set(others) & sketches.keys())
    factors |= _crossing(classes, {v: sketches[v] for v in others if v in sketches}, readers)
    return Balance(factors=factors, shifts=shifts, ranges=ranges, means=means, two_part=two_part)


def _before_norms(
    sketches: Mapping[str, ChannelSketch],
) -> tuple[dict[str, tuple[float, ...]], dict[str, tuple[float, ...]], dict[str, TensorRange]]:
    factors, shifts, ranges = {}, {}, {}
    for value, sketch in sketches.items():
        low, high = intervals(sketch)
        middle, half = (low + high) / 2.0, (high - low) / 2.0
        top = float(half.max())
        if top <= 0.0:
            continue
        found = np.clip(top / np.where(half > 0.0, half, top), 1.0, LARGEST_FACTOR)
        factors[value], shifts[value] = _rounded(found), _rounded(middle)
        ranges[value] = TensorRange(minimum=-top, maximum=top)
    return factors, shifts, ranges


def _in_two_parts(
    sketch: ChannelSketch,
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[TensorRange, TensorRange]]:
    """Factors and shifts, and the ranges of the coarse part and of the fine one (±1, whole steps)."""
    found = two_intervals(sketch)
    factors = 1.0 / np.maximum(found.half, found.half.max() / LARGEST_FACTOR)
    coarse = TensorRange(minimum=-found.ratio, maximum=found.ratio)
    return _rounded(factors), _rounded(found.middle), (coarse, TensorRange(minimum=-128 / 127, maximum=1.0))


def _crossing(
    classes: ChannelClasses, sketches: Mapping[str, ChannelSketch], readers: Sequence[Reader]
) -> dict[str, tuple[float, ...]]:
    """Factors of the producers, by groups of classes that share tensors."""
    reach = {value: sketch.reach() for value, sketch in sketches.items()}
    largest = np.zeros(classes.free.shape)
    for value, found in reach.items():
        np.maximum.at(largest, classes.members[value], found)
    chosen = np.ones(classes.free.shape)
    for values in _groups(classes, reach):
        inside = np.unique(np.concatenate([classes.members[v] for v in values]))
        inside = inside[classes.free[inside] & (largest[inside] > 0.0)]
        if not inside.size:
            continue
        size = _size(classes, reach, values, float(largest[inside].max()))
        wanted = size / largest[inside]
        wanted = np.clip(wanted, 1.0 / LARGEST_FACTOR, LARGEST_FACTOR)
        near = [reader for reader in readers if reader.value in values]
        errors = []
        for strength in STRENGTHS:
            trial = chosen.copy()
            trial[inside] = wanted**strength
            errors.append(sum(noise(r, trial[classes.members[r.value]], sketches[r.value]) for r in near))
        best = int(np.argmin(errors))
        chosen[inside] = wanted ** STRENGTHS[best]
    made = {v: chosen[classes.members[v]] for v in classes.producers if len(classes.members[v])}
    return {v: _rounded(f) for v, f in made.items() if (f != 1.0).any()}


def _groups(classes: ChannelClasses, values: Iterable[str]) -> list[list[str]]:
    """Values that are connected by classes of free channels."""
    group_of: dict[int, list[str]] = {}
    for value in values:
        free = np.unique(classes.members[value][classes.free_channels(value)]).tolist()
        joined = [value]
        for each in {id(group_of[c]): group_of[c] for c in free if c in group_of}.values():
            joined = each + joined
        for member in joined:
            for c in np.unique(classes.members[member][classes.free_channels(member)]).tolist():
                group_of[c] = joined
    return list({id(group): group for group in group_of.values()}.values())


def _size(
    classes: ChannelClasses, reach: Mapping[str, Array], values: Sequence[str], largest: float
) -> float:
    """How large channels are made: as the largest fixed one beside them, where there is one."""
    fixed = [reach[v][~classes.free_channels(v)] for v in values if not classes.free_channels(v).all()]
    tops = [float(found.max()) for found in fixed if found.max() > 0.0]
    return min(tops) if tops else largest


def _rounded(values: Array) -> tuple[float, ...]:
    """Any factors do: these are short in a plan."""
    return tuple(float(f"{value:.4g}") for value in values)
