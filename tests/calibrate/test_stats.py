"""Statistics merge in any order to the last bit, and percentiles come within a bin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.calibrate.stats import (
    CalibrationStats,
    ValueStats,
    bin_counts,
    bin_edges,
    exact_sum,
    ordered_bins,
)
from mobilekit.errors import InputDataError

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
PHOTOS = st.lists(FLOATS, min_size=1, max_size=20)


def one_photo(values: list[float] | np.ndarray) -> ValueStats:
    """Statistics of a single photo."""
    array = np.array(values, dtype=np.float32)
    low, high = float(array.min()) + 0.0, float(array.max()) + 0.0
    return ValueStats(
        photos=1,
        minimum=low,
        maximum=high,
        minimum_sum=exact_sum([low]),
        maximum_sum=exact_sum([high]),
        bins=ordered_bins(bin_counts(array)),
    )


@given(PHOTOS, PHOTOS, PHOTOS)
def test_merge_is_associative_and_commutative(a: list[float], b: list[float], c: list[float]) -> None:
    """(a + b) + c = a + (b + c) = c + (b + a), as JSON to the last character."""
    x, y, z = (CalibrationStats(values={"v": one_photo(p)}) for p in (a, b, c))
    left, right, back = x.merge(y).merge(z), x.merge(y.merge(z)), z.merge(y.merge(x))
    assert left.to_json() == right.to_json() == back.to_json()
    assert left.digest == right.digest


@given(PHOTOS, PHOTOS)
def test_merge_is_as_if_seen_together(a: list[float], b: list[float]) -> None:
    """Merged statistics are those of all photos."""
    merged = one_photo(a).merge(one_photo(b))
    assert merged.photos == 2
    assert (merged.minimum, merged.maximum) == (min(*a, *b), max(*a, *b))
    assert merged.bins == one_photo(a + b).bins
    assert merged.count == len(a) + len(b)
    means = merged.extremes
    assert means[0] == pytest.approx(math.fsum([min(a), min(b)]) / 2, rel=1e-12)
    assert means[1] == pytest.approx(math.fsum([max(a), max(b)]) / 2, rel=1e-12)


def test_merge_keeps_values_of_either() -> None:
    """Shards may have seen different values."""
    a, b = one_photo([1.0]), one_photo([2.0])
    merged = CalibrationStats(values={"a": a}).merge(CalibrationStats(values={"b": b}))
    assert merged.values == {"a": a, "b": b}


@given(FLOATS)
def test_value_is_inside_its_bin(value: float) -> None:
    """Bins are ordered, at most 0.8 % wide, and hold their values."""
    (index,) = ordered_bins(bin_counts(np.array([value], np.float32)))
    (low,), (high,) = bin_edges(np.array([index]))
    assert low <= value <= high
    if abs(value) > 2.0**-126:
        assert high - low <= 0.008 * max(abs(low), abs(high))


@pytest.mark.parametrize("percent", [99.99, 99.9, 90.0])
def test_percentiles(percent: float) -> None:
    """Of a normal distribution, both ends within 1 % of NumPy's percentiles."""
    values = np.random.default_rng(0).normal(1.0, 3.0, 400_000).astype(np.float32)
    stats = one_photo(values)
    low, high = stats.percentile(percent)
    assert low == pytest.approx(np.percentile(values, 100 - percent), rel=0.01)
    assert high == pytest.approx(np.percentile(values, percent), rel=0.01)
    assert stats.percentile(100.0) == (stats.minimum, stats.maximum)


def test_percentile_cuts_outliers_minimum_does_not() -> None:
    """One value in a million is outside the percentile range, and inside the extremes."""
    values = np.r_[np.linspace(-1, 1, 1_000_000), 1000.0].astype(np.float32)
    stats = one_photo(values)
    assert stats.maximum == 1000.0
    assert stats.percentile(99.99)[1] < 1.01


def test_json_round_trip_and_damage() -> None:
    """JSON gives the same statistics back; damaged JSON is a typed error."""
    stats = CalibrationStats(values={"v": one_photo([-1.5, 0.0, 3e-39, 7.0])})
    assert CalibrationStats.from_json(stats.to_json()) == stats
    for text in ("", "{}", '{"format": "other", "values": {}}', stats.to_json().replace('"bins"', '"x"')):
        with pytest.raises(InputDataError, match="not calibration statistics"):
            CalibrationStats.from_json(text)
