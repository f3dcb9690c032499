"""The range of least divergence clips far tails, and nothing of what is spread evenly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobilekit.plan.clip_entropy import BINS_PER_LEVEL, LEVELS, divergence, least_divergence_range
from tests.plan.one_photo import stats_of

RNG = np.random.default_rng(0)
BINS = LEVELS * BINS_PER_LEVEL


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2000), st.integers(LEVELS, BINS - 2000), st.integers(0, 9))
def test_divergence_is_none_or_positive(first: int, width: int, seed: int) -> None:
    """Never negative; nothing where a distribution is level by level even, and nothing is clipped."""
    noisy = np.random.default_rng(seed).random(BINS)
    assert divergence(noisy / noisy.sum(), first, first + width) > 0.0
    steps = np.repeat(np.random.default_rng(seed).random(LEVELS) + 0.1, BINS_PER_LEVEL)
    assert divergence(steps / steps.sum(), 0, BINS) == pytest.approx(0.0, abs=1e-4)


def test_divergence_by_the_book() -> None:
    """It is the sum of p·log(p/q), q being each level's mean over its occupied bins."""
    density = RNG.random(BINS) * (RNG.random(BINS) > 0.3)
    density /= density.sum()
    p = density[: LEVELS * 2].copy()
    p[-1] += density[LEVELS * 2 :].sum()
    q = np.zeros_like(p)
    for level in range(LEVELS):
        pair = slice(2 * level, 2 * level + 2)
        used = p[pair] > 0
        q[pair] = np.where(used, density[pair].sum() / max(used.sum(), 1), 0.0)
    q /= q.sum()
    used = p > 0
    expected = float((p[used] * np.log(p[used] / ((1 - 1e-4) * q[used] + 1e-4 / used.sum()))).sum())
    assert divergence(density, 0, LEVELS * 2) == pytest.approx(expected, rel=1e-9)


def test_uniform_values_are_not_clipped() -> None:
    """Where all values are equally likely, the whole range is kept."""
    found = least_divergence_range(stats_of(RNG.uniform(-1.0, 3.0, 300_000)))
    assert (found.minimum, found.maximum) == pytest.approx((-1.0, 3.0), rel=0.1)


def test_far_tails_are_clipped() -> None:
    """With a few outliers, and of heavy tails, the range is a fraction of the extremes on that side."""
    values = np.append(RNG.normal(size=300_000), [40.0, 60.0])
    found = least_divergence_range(stats_of(values))
    assert found.maximum < 15.0
    assert found.minimum == pytest.approx(values.min(), rel=0.5)
    tailed = RNG.standard_t(2, 300_000)
    found = least_divergence_range(stats_of(tailed))
    assert found.maximum < tailed.max() / 4


def test_zeros_do_not_count() -> None:
    """Exact zeros, as a Relu gives them by the million, do not draw the range to themselves."""
    values = np.abs(RNG.normal(size=100_000))
    alone = least_divergence_range(stats_of(values))
    among = least_divergence_range(stats_of(np.append(values, np.zeros(900_000))))
    assert alone == among
    assert alone.minimum == 0.0
    none = least_divergence_range(stats_of(np.zeros(10)))
    assert (none.minimum, none.maximum) == (0.0, 0.0)


def test_symmetric() -> None:
    """A symmetric range is symmetric, and holds the wider side."""
    found = least_divergence_range(stats_of(RNG.uniform(-1.0, 3.0, 100_000)), symmetric=True)
    assert found.minimum == -found.maximum
    assert found.maximum == pytest.approx(3.0, rel=0.1)
