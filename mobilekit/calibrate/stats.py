"""What is kept of a graph's values: extremes and a histogram, mergeable in any order.

Every number is exact (counts, extremes, and sums as integers), so that merging is associative and
commutative to the last bit: photos can be observed in shards anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.artifact import digest_of_bytes
from mobilekit.errors import InputDataError

if TYPE_CHECKING:
    import numpy.typing as npt

    from mobilekit.tensors import Array

    Counts = npt.NDArray[np.uint32]

FORMAT = "mobilekit-stats/2"

BIN_BITS = 16
"""A bin is the sign, the exponent and 7 bits of the mantissa of a float32: 0.8 % wide at most.

Its edges never depend on the data, so that histograms add up to the same whatever was observed first.
"""

_SHIFT = 32 - BIN_BITS
_MAGNITUDES = 1 << (BIN_BITS - 1)
_SUM_BITS = 149  # the smallest float32 is 2**-149: sums of float32 are integers in this unit


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueStats:
    """Statistics of one value over photos.

    ``minimum`` and ``maximum`` are exact and finite; ``minimum_sum`` and ``maximum_sum`` add up each
    photo's own extremes (in units of 2**-149); ``bins`` maps a bin's index, in the order of the
    values in it, to how many sampled values fell there; ``exhaustive`` says whether every element
    was sampled, ``picture`` whether it is a map of few channels; ``non_finite`` counts photos with NaN
    or infinity (which nothing else includes).
    """

    photos: int
    minimum: float
    maximum: float
    minimum_sum: int
    maximum_sum: int
    bins: Mapping[int, int] = field(default_factory=dict)
    exhaustive: bool = True
    picture: bool = False
    non_finite: int = 0

    @property
    def count(self) -> int:
        """How many sampled values the histogram holds."""
        return sum(self.bins.values())

    @property
    def extremes(self) -> tuple[float, float]:
        """The means of each photo's minimum and maximum."""
        unit = self.photos << _SUM_BITS
        return self.minimum_sum / unit, self.maximum_sum / unit

    def merge(self, other: ValueStats) -> ValueStats:
        """Statistics of the photos of both."""
        bins = dict(self.bins)
        for index, count in other.bins.items():
            bins[index] = bins.get(index, 0) + count
        return ValueStats(
            photos=self.photos + other.photos,
            minimum=min(self.minimum, other.minimum) + 0.0,  # never -0.0
            maximum=max(self.maximum, other.maximum) + 0.0,
            minimum_sum=self.minimum_sum + other.minimum_sum,
            maximum_sum=self.maximum_sum + other.maximum_sum,
            bins=bins,
            exhaustive=self.exhaustive and other.exhaustive,
            picture=self.picture and other.picture,
            non_finite=self.non_finite + other.non_finite,
        )

    def histogram(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The occupied bins in the order of their values, and how many values each holds."""
        indices = np.array(sorted(self.bins), dtype=np.int64)
        return indices, np.array([self.bins[int(index)] for index in indices], dtype=np.int64)

    def percentile(self, percent: float) -> tuple[float, float]:
        """``(low, high)`` with ``100 - percent`` per cent of the sampled values beyond each.

        Linear inside a bin, never outside ``minimum`` and ``maximum``.
        """
        indices, counts = self.histogram()
        before = np.concatenate([[0], np.cumsum(counts)])
        edges = (100.0 - percent) / 100.0 * before[-1], percent / 100.0 * before[-1]
        low, high = (self._at(indices, before, edge) for edge in edges)
        return low, high

    def _at(self, indices: npt.NDArray[np.int64], before: npt.NDArray[np.int64], rank: float) -> float:
        slot = int(np.clip(np.searchsorted(before, rank, side="right") - 1, 0, len(indices) - 1))
        share = (rank - before[slot]) / (before[slot + 1] - before[slot])
        lower, upper = (float(edge) for edge in bin_edges(indices[slot]))
        return float(np.clip(lower + share * (upper - lower), self.minimum, self.maximum))


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationStats:
    """Statistics per value of a graph, by ONNX name."""

    values: Mapping[str, ValueStats]

    def merge(self, other: CalibrationStats) -> CalibrationStats:
        """Statistics of the photos of both; the values of either."""
        merged = dict(self.values)
        for name, stats in other.values.items():
            merged[name] = merged[name].merge(stats) if name in merged else stats
        return CalibrationStats(values=merged)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return digest_of_bytes(self.to_json().encode())

    def to_json(self) -> str:
        """Canonical JSON: sorted names, bins in order, shortest round-trip floats."""
        values = {name: _plain(stats) for name, stats in self.values.items()}
        return json.dumps({"format": FORMAT, "values": values}, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> CalibrationStats:
        """What ``to_json`` wrote. Raises InputDataError if it is damaged."""
        try:
            data = json.loads(text)
            if data["format"] != FORMAT:
                raise KeyError(FORMAT)
            return cls(values={name: _stats(plain) for name, plain in data["values"].items()})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"not calibration statistics of format {FORMAT}: {error}"
            raise InputDataError(message, hint="make them with `mobilekit calibrate`") from error


def exact_sum(values: Iterable[float]) -> int:
    """The sum of float32 numbers, in units of 2**-149."""
    total = 0
    for value in values:
        numerator, denominator = float(np.float32(value)).as_integer_ratio()
        total += numerator * ((1 << _SUM_BITS) // denominator)
    return total


def bin_counts(sample: Array, counts: Counts | None = None) -> Counts:
    """Histogram of finite float32 values over all 2**BIN_BITS raw bins (sign first), added to ``counts``."""
    counts = np.zeros(1 << BIN_BITS, dtype=np.uint32) if counts is None else counts
    raw = np.ascontiguousarray(sample, dtype=np.float32).view(np.uint32) >> np.uint32(_SHIFT)
    np.add.at(counts, raw.astype(np.intp), counts.dtype.type(1))  # of another type it takes 30 times as long
    return counts


def ordered_bins(counts: Counts) -> dict[int, int]:
    """Raw counts as ``bins``: occupied bins only, by an index that grows with the values."""
    occupied = np.flatnonzero(counts)
    index = np.where(occupied < _MAGNITUDES, occupied, _MAGNITUDES - 1 - occupied)
    order = np.argsort(index)
    return {int(i): int(n) for i, n in zip(index[order], counts[occupied[order]], strict=True)}


def bin_edges(
    index: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The smallest and the largest real value of each bin, by the indices of ``ValueStats.bins``."""
    index = np.asarray(index, dtype=np.int64)
    magnitude = np.where(index >= 0, index, -1 - index)
    bits = [(magnitude + step).astype(np.uint32) << np.uint32(_SHIFT) for step in (0, 1)]
    near, far = (each.view(np.float32).astype(np.float64) for each in bits)
    return np.where(index >= 0, near, -far), np.where(index >= 0, far, -near)


def _plain(stats: ValueStats) -> dict[str, Any]:
    return {
        "photos": stats.photos,
        "minimum": stats.minimum,
        "maximum": stats.maximum,
        "minimum_sum": stats.minimum_sum,
        "maximum_sum": stats.maximum_sum,
        "bins": [[index, stats.bins[index]] for index in sorted(stats.bins)],
        "exhaustive": stats.exhaustive,
        "picture": stats.picture,
        "non_finite": stats.non_finite,
    }


def _stats(plain: dict[str, Any]) -> ValueStats:
    return ValueStats(**{**plain, "bins": {int(index): int(count) for index, count in plain["bins"]}})
