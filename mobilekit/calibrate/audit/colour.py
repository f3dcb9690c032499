"""sRGB pictures as light: linear RGB, luminance and CIELAB, in float32.

IEC 61966-2-1 (sRGB, white D65) and CIE 15:2004 (CIELAB).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Pixels = npt.NDArray[np.uint8]

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
"""Weights of linear red, green and blue in the luminance Y (ITU-R BT.709)."""

XYZ_FROM_RGB = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], dtype=np.float32
)
"""CIE XYZ of linear sRGB."""

_DELTA = 6.0 / 29.0


@cache
def _linear_table() -> Floats:
    """Linear light of each of the 256 sRGB bytes."""
    level = np.arange(256) / 255.0
    low, high = level / 12.92, ((level + 0.055) / 1.055) ** 2.4
    return np.where(level <= 0.04045, low, high).astype(np.float32)


def linear(pixels: Pixels) -> Floats:
    """Linear light, 0…1, of sRGB bytes; the same shape."""
    return _linear_table()[pixels]


def luminance(light: Floats) -> Floats:
    """Y, 0…1, of linear RGB (…×3)."""
    result: Floats = light @ LUMINANCE
    return result


def lightness(bright: Floats) -> Floats:
    """L* (0…100) of luminance."""
    result: Floats = np.float32(116) * _curve(bright) - np.float32(16)
    return result


def lab(light: Floats) -> Floats:
    """L* (0…100), a* and b* of linear RGB (…×3)."""
    xyz = light @ (XYZ_FROM_RGB / XYZ_FROM_RGB.sum(axis=1, keepdims=True)).T
    curve = _curve(xyz)
    x, y, z = curve[..., 0], curve[..., 1], curve[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def _curve(part: Floats) -> Floats:
    """CIELAB's cube root, straight near black."""
    straight = part / np.float32(3 * _DELTA**2) + np.float32(4 / 29)
    return np.where(part > _DELTA**3, np.cbrt(part), straight).astype(np.float32)
