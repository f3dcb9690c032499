"""What a camera does between pixels: denoising as blur, and sharpening."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    Planes = npt.NDArray[np.float32]

_REACH_SIGMAS = 3.0


def blurred(plane: Planes, sigma: float) -> Planes:
    """H×W smoothed by a Gaussian of ``sigma`` pixels (cut at three), mirrored at the borders."""
    from scipy.ndimage import gaussian_filter

    result: Planes = gaussian_filter(plane, sigma, mode="mirror", truncate=_REACH_SIGMAS)
    return result


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
