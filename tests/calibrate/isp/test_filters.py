"""Blur and sharpening."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.calibrate.isp.filters import blurred, denoise, sharpen


@pytest.mark.parametrize("sigma", [0.8, 1.5, 2.4])
def test_blur_is_a_gaussian(sigma: float) -> None:
    """A point becomes as wide as sigma says, the same in both directions, and keeps its energy."""
    plane = np.zeros((41, 33), np.float32)
    plane[20, 16] = 1
    spot = blurred(plane, sigma)
    assert spot.dtype == np.float32
    assert spot.sum() == pytest.approx(1, abs=1e-5)
    for axis, middle in ((1, 20), (0, 16)):
        profile = spot.sum(axis=axis)
        places = np.arange(len(profile)) - middle
        assert (profile * places**2).sum() == pytest.approx(sigma**2, rel=0.06)


def test_blur_mirrors_borders() -> None:
    """A flat plane stays flat up to its borders."""
    assert blurred(np.full((9, 12), 0.4, np.float32), 1.7) == pytest.approx(0.4, abs=1e-6)


def test_blur_wider_than_the_plane() -> None:
    """A Gaussian wider than a picture flattens it, and is no error."""
    plane = np.random.default_rng(0).random((8, 9), np.float32)
    assert np.ptp(blurred(plane, 20.0)) < np.ptp(plane) / 4


def test_denoise_takes_brightness_and_colour_apart() -> None:
    """Blurring colour leaves brightness, blurring brightness leaves colour differences."""
    start = np.random.default_rng(0).random((3, 24, 24), np.float32)
    weights = np.array([0.25, 0.5, 0.25])
    coloured, bright = start.copy(), start.copy()
    denoise(coloured, luma_sigma=0.0, chroma_sigma=2.0)
    denoise(bright, luma_sigma=2.0, chroma_sigma=0.0)
    assert np.tensordot(weights, coloured, 1) == pytest.approx(np.tensordot(weights, start, 1), abs=1e-5)
    assert bright[0] - bright[2] == pytest.approx(start[0] - start[2], abs=1e-5)
    assert (coloured[0] - coloured[2]).std() < (start[0] - start[2]).std() / 4
    assert bright.mean(axis=0).std() < start.mean(axis=0).std() / 2


def test_denoise_off() -> None:
    """Without blur nothing changes, not even the last bit."""
    start = np.random.default_rng(0).random((3, 8, 8), np.float32)
    planes = start.copy()
    denoise(planes, luma_sigma=0.0, chroma_sigma=0.0)
    assert np.array_equal(planes, start)


def test_sharpening_steepens_edges() -> None:
    """An edge overshoots on both sides, flat areas stay; amount 0 is nothing."""
    planes = np.zeros((3, 16, 16), np.float32)
    planes[:, :, 8:] = 0.5
    sharp, off = planes.copy(), planes.copy()
    sharpen(sharp, amount=1.0, sigma=1.0)
    sharpen(off, amount=0.0, sigma=1.0)
    assert sharp[0, 8, 8] > 0.55
    assert sharp[0, 8, 7] < -0.05
    assert sharp[:, :, 0] == pytest.approx(0, abs=1e-6)
    assert np.array_equal(off, planes)
