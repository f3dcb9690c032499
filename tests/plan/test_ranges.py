"""Scales hold their range with zero on an integer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.calibrate.stats import ValueStats, bin_counts, exact_sum, ordered_bins
from mobilekit.errors import UsageError
from mobilekit.plan.ranges import (
    SMALLEST_SCALE,
    RangeRule,
    balanced,
    image_scale,
    including_zero,
    range_of,
    scale_of,
    union,
)
from mobilekit.quantisation import Scale

FLOATS = st.floats(width=32, min_value=-(2.0**60), max_value=2.0**60)


@given(FLOATS, FLOATS)
def test_scale_holds_range_and_zero(a: float, b: float) -> None:
    """Both ends are within a step, zero is exact, and the scale is a float32 number."""
    interval = including_zero(min(a, b), max(a, b))
    scale = scale_of(interval)
    assert -128 <= scale.zero_point <= 127
    assert scale.scale == float(np.float32(scale.scale)) > 0
    if interval.maximum - interval.minimum > 1e-20:
        limits = range_of(scale)
        assert limits.minimum <= interval.minimum + scale.scale
        assert limits.maximum >= interval.maximum - scale.scale
        assert limits.maximum - limits.minimum == pytest.approx(interval.maximum - interval.minimum, rel=1e-6)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((0.0, 255.0), Scale(scale=1.0, zero_point=-128)),
        ((0.0, 1.0), Scale(scale=float(np.float32(1 / 255)), zero_point=-128)),
        ((-128.0, 127.0), Scale(scale=1.0, zero_point=0)),
        ((-1.0, 1.0), Scale(scale=float(np.float32(2 / 255)), zero_point=0)),
        ((1.0, 0.0), Scale(scale=float(np.float32(1 / 255)), zero_point=-128)),
    ],
)
def test_image_scales(ends: tuple[float, float], expected: Scale) -> None:
    """int8 is uint8 - 128: black and white on -128 and 127 (within half a step for -1…1)."""
    assert image_scale(*ends) == expected
    limits = range_of(expected)
    assert limits.minimum == pytest.approx(min(ends), abs=expected.scale * 0.51)
    assert limits.maximum == pytest.approx(max(ends), abs=expected.scale * 0.51)


def test_constant_tensors() -> None:
    """A tensor that is always zero has a harmless scale; one that is always 5 is exact."""
    assert scale_of(including_zero(0.0, 0.0)) == Scale(scale=SMALLEST_SCALE, zero_point=0)
    five = scale_of(including_zero(5.0, 5.0))
    assert five.zero_point == -128
    assert five.scale * 255 == pytest.approx(5.0, rel=1e-6)


def stats(values: np.ndarray, *, exhaustive: bool) -> ValueStats:
    """Statistics of one photo."""
    return ValueStats(
        photos=1,
        minimum=float(values.min()),
        maximum=float(values.max()),
        minimum_sum=0,
        maximum_sum=0,
        bins=ordered_bins(bin_counts(values)),
        exhaustive=exhaustive,
    )


def test_methods() -> None:
    """Percentile leaves outliers out; min-max, and small tensors, do not."""
    values = np.r_[np.linspace(0, 1, 100_000), 50.0].astype(np.float32)
    large, small = stats(values, exhaustive=False), stats(values, exhaustive=True)
    assert RangeRule(method="percentile", percentile=99.9).range_of(large).maximum < 1.01
    assert RangeRule(method="min-max", percentile=99.9).range_of(large).maximum == 50.0
    assert RangeRule(method="percentile", percentile=99.9).range_of(small).maximum == 50.0
    assert RangeRule(method="percentile", percentile=99.9).range_of(large).minimum == 0.0


def test_pictures_keep_their_extremes() -> None:
    """By whatever method: a bright spot of a picture is not clipped, that of a feature map is."""
    values = np.r_[np.random.default_rng(0).normal(size=100_000), 50.0].astype(np.float32)
    for method in ("percentile", "entropy", "mse"):
        rule = RangeRule(method=method)
        assert rule.range_of(stats(values, exhaustive=False)).maximum < 48.0
        assert rule.range_of(replace(stats(values, exhaustive=False), picture=True)).maximum == 50.0


@given(FLOATS, FLOATS)
def test_symmetric_scales(a: float, b: float) -> None:
    """A symmetric scale has its zero point at zero, and holds both ends; balancing twice changes nothing."""
    interval = including_zero(min(a, b), max(a, b))
    both = balanced(interval)
    scale = RangeRule(symmetric=True).scale_for(interval)
    assert scale.zero_point == 0
    assert both.minimum <= interval.minimum + 1e-9 * abs(interval.minimum)
    assert both.maximum >= interval.maximum
    assert balanced(both).maximum == pytest.approx(both.maximum, rel=1e-12)


def test_mean_extremes() -> None:
    """The means of the photos' extremes, not the furthest ones."""
    quiet, loud = (
        stats(np.array([-1.0, 1.0]), exhaustive=False),
        stats(np.array([-1.0, 9.0]), exhaustive=False),
    )
    parts = [
        replace(photo, minimum_sum=exact_sum([photo.minimum]), maximum_sum=exact_sum([photo.maximum]))
        for photo in (quiet, loud)
    ]
    found = RangeRule(method="mean-extremes").range_of(parts[0].merge(parts[1]))
    assert (found.minimum, found.maximum) == (-1.0, 5.0)
    assert RangeRule(method="min-max").range_of(parts[0].merge(parts[1])).maximum == 9.0


def test_union_and_unknown_methods() -> None:
    """A union holds all; a method or percentile that does not exist is an error."""
    joint = union([including_zero(-1.0, 2.0), including_zero(-3.0, -2.0)])
    assert (joint.minimum, joint.maximum) == (-3.0, 2.0)
    RangeRule(method="percentile", percentile=100.0)
    for method, percentile in (("average", 99.9), ("percentile", 50.0), ("percentile", 101.0)):
        with pytest.raises(UsageError):
            RangeRule(method=method, percentile=percentile)
