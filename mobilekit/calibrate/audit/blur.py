"""How sharp a photo is: the variance of its Laplacian, at one size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.audit.thumbnail import thumbnail

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

SIDE = 512
"""Longest side, in pixels, of the picture whose sharpness is measured: about what a model is given."""

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def sharpness(pixels: Pixels, *, window: tuple[float, float, float, float] | None = None) -> float:
    """Variance of the Laplacian of luma (0…255) of a photo (H×W×3 uint8) made ``SIDE`` pixels long.

    Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy". ``window`` (top, left,
    bottom, right, as shares of the sides) is the part to measure: the face, where one is known, for
    a blurred background is no fault. A photo smaller than that is measured as it is.
    """
    luma = thumbnail(pixels, SIDE) @ _LUMA
    rows, columns = luma.shape
    if window is not None:
        top, left, bottom, right = window
        luma = luma[int(top * rows) : max(3, int(bottom * rows)), int(left * columns) : int(right * columns)]
    if min(luma.shape) < 3:
        return 0.0
    middle = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * middle
    return float(np.var(laplacian, dtype=np.float64))
