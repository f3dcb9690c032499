"""Whether a picture was taken by a camera: a sensor leaves grain, a renderer does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

DRAWN = 0.82
"""A share of smooth pixels above this is of a drawing: photos were seen up to 0.79, drawings from 0.84."""

_WINDOW = 512
_SMOOTH = 2


def smooth_share(pixels: Pixels) -> float:
    """The share of pixels (of the middle 512×512) whose green differs by at most 2 from a plane, 0…1.

    By the Laplacian of green, where it is neither black nor white. At full size a photo is grainy
    even in its sky, JPEG or not; a drawing is flat or an even gradient nearly everywhere. 0 for a
    picture without such pixels.
    """
    rows, columns = pixels.shape[:2]
    top, left = max(0, (rows - _WINDOW) // 2), max(0, (columns - _WINDOW) // 2)
    green = pixels[top : top + _WINDOW, left : left + _WINDOW, 1].astype(np.int16)
    middle = green[1:-1, 1:-1]
    around = green[:-2, 1:-1] + green[2:, 1:-1] + green[1:-1, :-2] + green[1:-1, 2:]
    told = (middle > 8) & (middle < 247)
    if not told.any():
        return 0.0
    return float((np.abs(around - 4 * middle)[told] <= _SMOOTH).mean())
