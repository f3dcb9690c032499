"""Colours between sRGB and a camera, white balance, and the colour of light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mobilekit.calibrate.isp.profile import DAYLIGHT_KELVIN

if TYPE_CHECKING:
    from mobilekit.calibrate.isp.profile import Matrix

    Planes = npt.NDArray[np.float32]
    Triple = npt.NDArray[np.float64]

_XYZ_OF_SRGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
LUMINANCE = _XYZ_OF_SRGB[1]
"""Luminance of linear sRGB's red, green and blue."""

_INFLECTION = 0.9
_WHITENED_FROM, _WHITENED_OVER, _EXCESS = (np.float32(v) for v in (0.8, 0.15, 0.05))
_LEAST_WHITE = 0.01
_WORST_CONDITION = 1000.0


def camera_of_srgb(matrix: Matrix | None) -> npt.NDArray[np.float64]:
    """Linear sRGB → the camera's colours, 3×3; white stays (1, 1, 1), as in Brooks et al. 2019."""
    if matrix is None:
        return np.eye(3)
    product = np.asarray(matrix, np.float64) @ _XYZ_OF_SRGB
    return product / product.sum(axis=1, keepdims=True)


def invertible(matrix: Matrix) -> bool:
    """Whether a camera with this XYZ → camera matrix sees white in all colours, and can be undone."""
    product = np.asarray(matrix, np.float64) @ _XYZ_OF_SRGB
    if product.sum(axis=1).min() < _LEAST_WHITE:
        return False
    return bool(np.linalg.cond(camera_of_srgb(matrix)) < _WORST_CONDITION)


def saturating(saturation: float) -> npt.NDArray[np.float64]:
    """Linear sRGB → linear sRGB, colours moved away from (above 1) or to the grey of their luminance."""
    return saturation * np.eye(3) + (1 - saturation) * np.tile(LUMINANCE, (3, 1))


def mixed(planes: Planes, matrix: npt.NDArray[np.float64]) -> Planes:
    """``matrix`` applied to 3×H×W planes."""
    if np.array_equal(matrix, np.eye(3)):
        return planes
    # Written out: a matrix product may round differently with another number of threads.
    red, green, blue = planes
    result = np.empty_like(planes)
    for row, plane in zip(matrix.astype(np.float32), result, strict=True):
        np.multiply(red, row[0], out=plane)
        plane += green * row[1]
        plane += blue * row[2]
    return result


def undo_gains(planes: Planes, gains: Triple) -> None:
    """Divide by white balance gains in place, as safely as Brooks et al. 2019 (section 3.4).

    A bright grey divided by gains above 1 would be a raw value that no clipped highlight has: towards
    white the factors of 1 or less go to 1, so that a saturated photo is a saturated sensor.
    """
    if (gains == 1).all():
        return
    grey = planes.mean(axis=0)
    grey -= _INFLECTION
    np.maximum(grey, 0, out=grey)
    mask = np.square(np.minimum(grey / (1 - _INFLECTION), 1))
    for plane, gain in zip(planes, gains, strict=True):
        factor = 1 / float(gain)
        plane *= np.maximum(mask * (1 - factor) + factor, factor)


def whiten_highlights(planes: Planes) -> None:
    """Clip balanced values at 1, in place; what exceeds it becomes white where no colour is far from it.

    A saturated sensor has lost a highlight's colour, and gains tint what it has left: magenta.
    """
    brightest = planes.max(axis=0)
    if brightest.max() <= 1:
        return
    share = np.clip((planes.min(axis=0) - _WHITENED_FROM) / _WHITENED_OVER, 0, 1)
    share *= np.clip((brightest - 1) / _EXCESS, 0, 1)
    for plane in planes:
        plane += share * (brightest - plane)
    np.minimum(planes, 1, out=planes)


def multiply(planes: Planes, gains: Triple) -> None:
    """Multiply each plane by its gain, in place."""
    for plane, gain in zip(planes, gains, strict=True):
        if gain != 1:
            plane *= np.float32(gain)


def light_colour(kelvin: float) -> Triple:
    """Linear sRGB of a white surface under light of a colour temperature, of luminance 1.

    On the Planckian locus by Kim et al. 2002 (US 7024034), relative to the one of daylight, which is
    (1, 1, 1).
    """
    colour = _planckian(kelvin) / _planckian(DAYLIGHT_KELVIN)
    return colour / (LUMINANCE @ colour)


def _planckian(kelvin: float) -> Triple:
    """Linear sRGB on the Planckian locus, 1667 to 25000 kelvin."""
    t = 1000 / kelvin
    if kelvin <= 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    return np.linalg.solve(_XYZ_OF_SRGB, np.array([x / y, 1.0, (1 - x - y) / y]))


def balance(camera: npt.NDArray[np.float64], light: Triple, *, adaptation: float, error: Triple) -> Triple:
    """Gains that take ``adaptation`` of the colour of ``light`` out of the camera's values, then err.

    ``camera`` is :func:`camera_of_srgb`. A white surface keeps its luminance in the end.
    """
    white = camera @ light
    gains = white**-adaptation * error
    seen = np.linalg.solve(camera, white * gains)
    return gains / (LUMINANCE @ seen)
