"""Photos made small before anything is measured: the audit looks at tones, not at pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

SIDE = 160
"""Longest side, in pixels, of the picture in which skin, light and colour are looked for."""


def thumbnail(pixels: Pixels, side: int = SIDE) -> Pixels:
    """``pixels`` (H×W×3 uint8) with no side over ``side``: each pixel the mean of those it covers.

    A smaller picture is returned as it is, never enlarged.
    """
    from PIL import Image

    height, width = pixels.shape[:2]
    largest = max(height, width)
    if largest <= side:
        return pixels
    size = max(1, round(width * side / largest)), max(1, round(height * side / largest))
    small = Image.fromarray(pixels).resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(small)
