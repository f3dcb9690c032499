"""Uneven light and glare."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.calibrate.isp.light import illuminate
from mobilekit.calibrate.isp.profile import Scene


def test_centre_and_corners() -> None:
    """The middle gets the light of the centre, the corners that of the edge, between is between."""
    planes = np.ones((3, 41, 61), np.float32)
    illuminate(planes, Scene(centre=0.4, edge=1.6))
    assert planes[0, 20, 30] == pytest.approx(0.4)
    assert planes[:, [0, -1], [0, -1]] == pytest.approx(1.6)
    assert (np.diff(planes[0, 20, 30:]) >= 0).all()


def test_glare_keeps_energy() -> None:
    """Glare moves light, and makes none: the mean stays, black is grey, contrast falls by its share."""
    planes = np.zeros((3, 10, 10), np.float32)
    planes[:, 5:] = 0.8
    illuminate(planes, Scene(glare=0.1))
    assert planes.mean() == pytest.approx(0.4)
    assert planes[0, 0, 0] == pytest.approx(0.04)
    assert np.ptp(planes) == pytest.approx(0.72)


def test_even_light_changes_nothing() -> None:
    """The default scene leaves every bit."""
    start = np.random.default_rng(0).random((3, 9, 8), np.float32)
    planes = start.copy()
    illuminate(planes, Scene())
    assert np.array_equal(planes, start)
