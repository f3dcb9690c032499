"""Eight bits and JPEG."""

from __future__ import annotations

import numpy as np

from mobilekit.calibrate.isp.encode import delivered
from mobilekit.calibrate.isp.profile import Output


def test_rounded_and_clipped() -> None:
    """Values are rounded to the nearest of 256, and clipped."""
    planes = np.array([-0.2, 0.0, 0.5019, 1.0, 1.3], np.float32) * np.ones((3, 1, 1), np.float32)
    assert delivered(planes, Output())[0, :, 1].tolist() == [0, 0, 128, 255, 255]


def test_brightness_is_added() -> None:
    """0.08 is 20.4 steps of 255, clipped at white."""
    planes = np.array([0.0, 0.5, 0.99], np.float32) * np.ones((3, 1, 1), np.float32)
    assert delivered(planes, Output(brightness=0.08))[0, :, 0].tolist() == [20, 148, 255]


def test_jpeg_loses_by_quality() -> None:
    """A lower quality is further from the picture; the shape stays, odd sides too."""
    planes = np.random.default_rng(0).random((3, 33, 47), np.float32)
    plain = delivered(planes.copy(), Output()).astype(int)
    fine, coarse = (delivered(planes.copy(), Output(jpeg_quality=q)) for q in (95, 40))
    assert fine.shape == coarse.shape == (33, 47, 3)
    assert 0 < np.abs(fine - plain).mean() < np.abs(coarse - plain).mean()
