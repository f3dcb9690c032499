"""Whether more photos would change the ranges: those of one half of them against those of the other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

Interval = tuple[float, float]
Verdict = Literal["stable", "unsteady", "unstable", "unknown"]

_STABLE, _UNSTABLE = 0.10, 0.25  # of the range; 10 % is 0.8 dB of quantisation noise, 25 % is 1.9 dB
_WORST = 10
_SHARE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value's range by even and by odd photos, and the larger end's difference over their union."""

    value: str
    even: Interval
    odd: Interval
    relative: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "value": self.value,
            "even": [round(end, 6) for end in self.even],
            "odd": [round(end, 6) for end in self.odd],
            "relative_difference": round(self.relative, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """Two halves compared: relative differences of all ``values``, the ``worst`` of them, a verdict."""

    values: int
    median: float
    percentile_95: float
    worst: tuple[Difference, ...]
    verdict: Verdict

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if self.verdict == "unknown":
            return "one photo has no two halves: whether the ranges are stable is unknown"
        half = f"two halves of the photos differ by {self.percentile_95:.1%} of a range (95 % of the values)"
        meaning = {
            "stable": "more photos of the same kind would change little",
            "unsteady": "more photos would change the ranges somewhat",
            "unstable": "the ranges depend on which photos are in: more, and more different ones, are needed",
        }
        return f"{self.verdict}: {half}; {meaning[self.verdict]}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "verdict": self.verdict,
            "values": self.values,
            "median": round(self.median, 4),
            "percentile_95": round(self.percentile_95, 4),
            "worst": [difference.to_dict() for difference in self.worst],
        }


def stability(even: Mapping[str, Interval], odd: Mapping[str, Interval]) -> Stability:
    """Compare the ranges of values that both halves saw.

    A value's relative difference is that of the end that moved more, over the union of both ranges:
    0 where they agree, 1 where they share no end. The verdict rests on the 95th percentile: stable up
    to 10 %, unstable above 25 %.
    """
    found = sorted(
        (_difference(name, even[name], odd[name]) for name in even.keys() & odd.keys()),
        key=lambda difference: (-difference.relative, difference.value),
    )
    if not found:
        return Stability(values=0, median=0.0, percentile_95=0.0, worst=(), verdict="unknown")
    high = found[len(found) - math.ceil(_SHARE * len(found))].relative
    verdict: Verdict = "stable" if high <= _STABLE else "unsteady" if high <= _UNSTABLE else "unstable"
    return Stability(
        values=len(found),
        median=median(difference.relative for difference in found),
        percentile_95=high,
        worst=tuple(found[:_WORST]),
        verdict=verdict,
    )


def _difference(name: str, even: Interval, odd: Interval) -> Difference:
    width = max(even[1], odd[1]) - min(even[0], odd[0])
    moved = max(abs(even[0] - odd[0]), abs(even[1] - odd[1]))
    return Difference(value=name, even=even, odd=odd, relative=moved / width if width > 0 else 0.0)
