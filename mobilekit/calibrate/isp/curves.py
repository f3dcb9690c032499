"""Tone curve and gamma, and their inverses, as tables.

The tone curve is a smoothstep on encoded values, as Brooks et al. 2019 ("Unprocessing Images for
Learned Raw Denoising", section 3.5) take it, of which a camera may use a part; gamma is sRGB's
(IEC 61966-2-1).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    Curve = npt.NDArray[np.float64]
    Table = npt.NDArray[np.float32]

_ENCODING_STEPS = 65536
_BISECTIONS = 60


def srgb_encoded(linear: Curve) -> Curve:
    """Encoded sRGB values 0…1 of linear light 0…1."""
    power = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, power)


def srgb_decoded(encoded: Curve) -> Curve:
    """Linear light 0…1 of sRGB values 0…1."""
    power = ((np.maximum(encoded, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, encoded / 12.92, power)


def toned(values: Curve, *, contrast: float, shadows: float) -> Curve:
    """The tone curve on encoded values 0…1: black, white and the order of values stay."""
    smooth = (1 - contrast) * values + contrast * values**2 * (3 - 2 * values)
    return smooth + shadows * smooth * (1 - smooth) ** 2


def untoned(values: Curve, *, contrast: float) -> Curve:
    """The inverse of :func:`toned` without ``shadows``."""
    if contrast == 1.0:
        return 0.5 - np.sin(np.arcsin(1 - 2 * values) / 3)
    low, high = np.zeros_like(values), np.ones_like(values)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = toned(middle, contrast=contrast, shadows=0.0) < values
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


@lru_cache(maxsize=32)
def linear_table(contrast: float) -> Table:
    """Linear light of each of the 256 values of a photo."""
    return _read_only(srgb_decoded(untoned(np.arange(256) / 255, contrast=contrast)))


@lru_cache(maxsize=32)
def encoding_table(contrast: float, shadows: float) -> Table:
    """Encoded values 0…1 of linear light in 65536 even steps from 0 to 1."""
    linear = np.arange(_ENCODING_STEPS) / (_ENCODING_STEPS - 1)
    return _read_only(toned(srgb_encoded(linear), contrast=contrast, shadows=shadows))


def encode(planes: npt.NDArray[np.float32], table: Table) -> None:
    """Linear light → encoded values, by :func:`encoding_table`, in place; it is clipped to 0…1 before."""
    for plane in planes:  # one at a time: half the memory, and twice as fast
        np.clip(plane, 0, 1, out=plane)
        plane *= np.float32(len(table) - 1)
        plane += np.float32(0.5)
        np.take(table, plane.astype(np.uint16), out=plane)


def _read_only(values: Curve) -> Table:
    table = values.astype(np.float32)
    table.flags.writeable = False
    return table
