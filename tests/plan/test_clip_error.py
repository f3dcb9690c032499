"""The range of least squared error: its error is the true one, and it clips heavy tails only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobilekit.calibrate.stats import bin_edges
from mobilekit.plan.clip_error import least_error_range, squared_error
from mobilekit.plan.ranges import including_zero, scale_of
from mobilekit.quantisation import Scale, TensorRange
from tests.plan.one_photo import stats_of

RNG = np.random.default_rng(0)


def error_of(values: np.ndarray, scale: Scale) -> float:
    """The summed squared error of rounding and clipping, element by element."""
    levels = np.clip(np.rint(values / scale.scale) + scale.zero_point, -128, 127)
    return float((((levels - scale.zero_point) * scale.scale - values.astype(np.float64)) ** 2).sum())


def chosen(values: np.ndarray, *, symmetric: bool = False) -> TensorRange:
    """The range for values."""
    return least_error_range(stats_of(values), scaled=scale_of, symmetric=symmetric)


@settings(max_examples=30, deadline=None)
@given(st.floats(-3.0, 0.0), st.floats(0.01, 3.0), st.integers(0, 5))
def test_error_is_the_true_one(low: float, high: float, seed: int) -> None:
    """The error from the histogram is that of the values themselves, clipping included, within 2 %."""
    values = np.random.default_rng(seed).normal(size=200_000).astype(np.float32)
    indices, counts = stats_of(values).histogram()
    scale = scale_of(including_zero(low, high))
    lower, upper = bin_edges(indices)
    assert squared_error(lower, upper, counts, scale) == pytest.approx(error_of(values, scale), rel=0.02)


def test_error_of_levels_is_zero() -> None:
    """What int8 represents exactly costs nothing: zeros whatever the range, and bins without width."""
    scale = Scale(scale=0.5, zero_point=0)
    exact = np.array([-64.0, -1.5, 0.0, 0.5, 63.5])
    assert squared_error(exact, exact, np.full(5, 1000), scale) == 0.0
    beyond = np.array([64.5])
    assert squared_error(beyond, beyond, np.array([3]), scale) == pytest.approx(3.0)


def test_uniform_values_are_not_clipped() -> None:
    """Where all values are equally likely, clipping costs more than it gains."""
    found = chosen(RNG.uniform(-1.0, 3.0, 100_000))
    assert (found.minimum, found.maximum) == pytest.approx((-1.0, 3.0), rel=0.02)


def test_heavy_tails_are_clipped() -> None:
    """Of Student's t, or with an outlier, the range is a fraction of the extremes, and better for it."""
    tailed = RNG.standard_t(3, 200_000)
    outlier = np.append(RNG.normal(size=200_000), 60.0)
    for values in (tailed, outlier):
        found = chosen(values)
        assert found.maximum < values.max() * 0.8
        whole = scale_of(including_zero(values.min(), values.max()))
        assert error_of(values, scale_of(found)) < 0.8 * error_of(values, whole)


def test_near_the_best_there_is() -> None:
    """No range of a fine grid has an error more than 2 % smaller."""
    values = RNG.laplace(size=100_000)
    found = error_of(values, scale_of(chosen(values)))
    grid = np.geomspace(1.0, 12.0, 20)
    best = min(error_of(values, scale_of(including_zero(-low, high))) for low in grid for high in grid)
    assert found < 1.02 * best


def test_one_sided_and_symmetric() -> None:
    """Values of one sign keep zero as an end; a symmetric range is symmetric."""
    values = RNG.exponential(size=100_000)
    assert chosen(values).minimum == 0.0
    both = chosen(values, symmetric=True)
    assert both.minimum == -both.maximum
    nothing = chosen(np.zeros(10))
    assert (nothing.minimum, nothing.maximum) == (0.0, 0.0)


def test_rounding_that_counts_more_narrows_the_range() -> None:
    """Heavy tails: nine times the rounding, a narrower range; the weighted error is the sum of its parts."""
    values = RNG.standard_t(4, size=200_000).astype(np.float32)
    stats = stats_of(values)
    once = least_error_range(stats, scaled=scale_of)
    more = least_error_range(stats, scaled=scale_of, rounding=9.0)
    assert more.maximum < once.maximum
    assert more.minimum > once.minimum
    indices, counts = stats.histogram()
    lower, upper = bin_edges(indices)
    one, two, three = (
        squared_error(lower, upper, counts, scale_of(once), rounding=weight) for weight in (1.0, 2.0, 3.0)
    )
    assert one < two
    assert three - two == pytest.approx(two - one)
