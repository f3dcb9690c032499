"""Turns are found wherever they are, and stretches between them however narrow."""

from __future__ import annotations

import numpy as np

from mobilekit.normalise.turning_points import turning_points

START = np.linspace(-8, 8, 65)


def test_a_narrow_stretch_is_seen():
    """Between 3.11 and 3.12, where a product of two steps is not zero, is a point."""
    points = turning_points(lambda x: [(x, np.asarray(3.11)), (x, np.asarray(3.12))], START)
    assert points is not None
    assert ((points > 3.111) & (points < 3.119)).any()
    assert np.abs(points - 3.11).min() < 1e-7


def test_a_turn_far_out_and_one_behind_another():
    """1 − 50·|x − 3.11| is positive only around its own turn; 5e6 is beyond the start."""
    points = turning_points(
        lambda x: [(x - 3.11,), (1 - 50 * np.abs(x - 3.11),), (x, np.asarray(5e6))], START
    )
    assert points is not None
    for turn in (3.09, 3.13, 5e6):
        assert np.abs(points / turn - 1).min() < 1e-7


def test_what_has_no_values():
    """A cone that cannot be evaluated has no turns to look at, and neither has one with too many."""
    assert turning_points(lambda x: None, START) is None
    assert turning_points(lambda x: [(np.sin(1e9 * x),)], np.linspace(-8, 8, 1 << 13)) is None
