"""The search finds the ends of least cost, within the extremes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.plan.clip_search import cheapest

ENDS = st.floats(0.1, 10.0)


@given(ENDS, ENDS)
def test_finds_the_valley(low: float, high: float) -> None:
    """Where the cost has one valley, both ends come within a fine step of it."""

    def cost(least: float, greatest: float) -> float:
        return math.log(-least / low) ** 2 + math.log(greatest / high) ** 2

    found = cheapest(cost, -10.0, 10.0)
    assert -found[0] == pytest.approx(max(low, 10 / 64), rel=0.05)
    assert found[1] == pytest.approx(max(high, 10 / 64), rel=0.05)


def test_ties_keep_the_extremes() -> None:
    """Nothing is clipped where that gains nothing, and an end that is zero stays zero."""
    assert cheapest(lambda low, high: 0.0, -1.0, 3.0) == (-1.0, 3.0)
    assert cheapest(lambda low, high: high, 0.0, 4.0) == (0.0, 4.0 / 64)
    assert cheapest(lambda low, high: 0.0, 0.0, 0.0) == (0.0, 0.0)


def test_symmetric() -> None:
    """A symmetric range is tried as a whole."""
    found = cheapest(lambda low, high: (high - 1.0) ** 2 + (low + high) ** 2, -4.0, 1.0, symmetric=True)
    assert found == (-1.0, 1.0)
