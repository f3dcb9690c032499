"""The Bayer mosaic and its interpolation."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.calibrate.isp.mosaic import demosaic, mosaic
from mobilekit.calibrate.isp.profile import PATTERNS

BAYER = PATTERNS[1:]


@pytest.mark.parametrize("pattern", BAYER)
@pytest.mark.parametrize("shape", [(8, 8), (9, 12), (11, 13)])
def test_each_pixel_keeps_its_colour(pattern: str, shape: tuple[int, int]) -> None:
    """The colour that a pixel's filter lets through is the photo's, in sizes odd and even."""
    planes = np.random.default_rng(0).random((3, *shape), np.float32)
    raw = mosaic(planes, pattern)
    letters = [["rgb".index(pattern[2 * (r % 2) + c % 2]) for c in range(shape[1])] for r in range(shape[0])]
    colours = np.array(letters)
    assert np.array_equal(raw, np.take_along_axis(planes, colours[None], 0)[0])
    result = demosaic(raw, pattern)
    assert np.array_equal(np.take_along_axis(result, colours[None], 0)[0], raw)


@pytest.mark.parametrize("pattern", BAYER)
def test_flat_areas_come_back(pattern: str) -> None:
    """A plane of one colour is that colour again, up to its borders: every kernel sums to 1 and 0."""
    planes = np.empty((3, 9, 10), np.float32)
    planes[:] = np.array([0.7, 0.2, 0.4], np.float32)[:, None, None]
    assert demosaic(mosaic(planes, pattern), pattern) == pytest.approx(planes, abs=1e-6)


@pytest.mark.parametrize("pattern", BAYER)
def test_grey_ramps_come_back(pattern: str) -> None:
    """A grey that rises evenly is interpolated exactly inside."""
    ramp = (
        np.linspace(0.1, 0.9, 12, dtype=np.float32)[None, :]
        + np.linspace(0, 0.05, 11, dtype=np.float32)[:, None]
    )
    planes = np.stack([ramp] * 3)
    inside = np.s_[:, 2:-2, 2:-2]
    assert demosaic(mosaic(planes, pattern), pattern)[inside] == pytest.approx(planes[inside], abs=1e-6)


def test_kernels() -> None:
    """A single bright red pixel spreads as the paper's kernels say (eighths)."""
    raw = np.zeros((13, 13), np.float32)
    raw[6, 6] = 8
    red, green, blue = demosaic(raw, "rggb")
    assert (red[6, 6], green[6, 6], blue[6, 6]) == (8, 4, 6)
    assert (red[6, 5], red[5, 6], red[5, 5]) == (4, 4, 2)
    assert (green[6, 4], green[4, 6], blue[6, 4], blue[4, 4]) == (-1, -1, -1.5, 0)
    assert (blue[6, 5], blue[5, 6]) == (0, 0)


def test_kernels_of_green() -> None:
    """A single bright green pixel in a red row: what its neighbours take from it."""
    raw = np.zeros((13, 13), np.float32)
    raw[6, 7] = 8
    red, green, blue = demosaic(raw, "rggb")
    assert (red[6, 7], green[6, 7], blue[6, 7]) == (5, 8, 5)
    assert (green[6, 6], green[5, 7]) == (2, 2)
    assert (red[6, 5], blue[6, 5]) == (-1, 0.5)
    assert (red[4, 7], blue[4, 7]) == (0.5, -1)
    assert (red[5, 6], blue[5, 6]) == (-1, -1)
