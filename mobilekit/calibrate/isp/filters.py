"""What a camera does between pixels: denoising as blur, and sharpening."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    Planes = npt.NDArray[np.float32]

_REACH_SIGMAS = 3.0


def blurred(plane: Planes, sigma: float) -> Planes:
    """H×W smoothed by a Gaussian of ``sigma`` pixels (cut at three), mirrored at the borders."""
    weights = _weights(sigma)
    return _along_rows(_along_rows(plane, weights).T, weights).T


def denoise(planes: Planes, *, luma_sigma: float, chroma_sigma: float) -> None:
    """Blur brightness and colour of 3×H×W linear light each on its own, in place."""
    if not luma_sigma and not chroma_sigma:
        return
    red, green, blue = planes
    luma = (red + blue) * np.float32(0.25) + green * np.float32(0.5)
    red -= luma
    blue -= luma
    if chroma_sigma:
        red[:], blue[:] = blurred(red, chroma_sigma), blurred(blue, chroma_sigma)
    if luma_sigma:
        luma = blurred(luma, luma_sigma)
    np.multiply(red + blue, np.float32(-0.5), out=green)
    planes += luma


def sharpen(planes: Planes, *, amount: float, sigma: float) -> None:
    """Unsharp masking of the brightness of 3×H×W encoded values, in place."""
    if not amount:
        return
    red, green, blue = planes
    luma = red * np.float32(0.299) + green * np.float32(0.587) + blue * np.float32(0.114)
    luma -= blurred(luma, sigma)
    luma *= np.float32(amount)
    planes += luma


def _weights(sigma: float) -> list[np.float32]:
    """One half of a Gaussian, from the middle outwards; the whole sums to 1."""
    reach = max(1, math.ceil(_REACH_SIGMAS * sigma))
    half = [math.exp(-0.5 * (step / sigma) ** 2) for step in range(reach + 1)]
    total = half[0] + 2 * sum(half[1:])
    return [np.float32(weight / total) for weight in half]


def _along_rows(plane: Planes, weights: list[np.float32]) -> Planes:
    """Weighted sums down the columns, whole rows at a time: several times faster than a convolution."""
    reach, height = len(weights) - 1, plane.shape[0]
    padded = np.pad(plane, ((reach, reach), (0, 0)), mode="reflect")
    result: Planes = padded[reach : reach + height] * weights[0]
    for step, weight in enumerate(weights[1:], start=1):
        pair = padded[reach - step : reach - step + height] + padded[reach + step : reach + step + height]
        pair *= weight
        result += pair
    return result
