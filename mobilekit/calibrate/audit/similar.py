"""Pixels of one surface: the same chromaticity in light and shadow, connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from mobilekit.calibrate.audit.colour import luminance

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]

_CHROMATICITY = 1.38  # the factor by which R/Y, G/Y and B/Y may differ
_DARKEST, _LIGHTEST = 1 / 3.5, 2.2  # of the median's luminance: shadows and highlights of a lit head
_FLOOR = 1e-4  # of linear light: under it there is noise
_LEAST_SHARE = 0.02


def surface_of(light: Floats, seed: Mask, allowed: Mask) -> Mask:
    """The connected ``allowed`` pixels of the surface that most of ``seed`` shows.

    ``light`` is H×W×3 linear RGB. Shading scales all channels alike, so that a surface is a line
    through black: its pixels share the seed's ratios of R, G and B, whatever light falls on them.
    Eyes, hair and shine inside the seed are left out by its median. Empty if the seed is.
    """
    rows = np.flatnonzero((allowed | seed).any(axis=1))
    columns = np.flatnonzero((allowed | seed).any(axis=0))
    found = np.zeros_like(allowed)
    if len(rows):
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        found[part] = _surface(light[part], seed[part], allowed[part])
    return found


def _surface(light: Floats, seed: Mask, allowed: Mask) -> Mask:
    """As ``surface_of``, in the rectangle where anything can be."""
    from scipy import ndimage

    bright = luminance(light)
    core = _middle(bright, seed)
    if not core.any():
        return core
    typical = np.median(light[core], axis=0).astype(np.float32)
    level = luminance(typical)
    near = (bright > level * _DARKEST) & (bright < level * _LIGHTEST) & allowed
    scale = np.maximum(bright, _FLOOR) / max(float(level), _FLOOR)
    for channel, value in enumerate(np.maximum(typical, _FLOOR)):
        ratio = np.maximum(light[..., channel], _FLOOR) / (scale * value)
        near &= (ratio < _CHROMATICITY) & (ratio > 1 / _CHROMATICITY)
    near = ndimage.binary_opening(near)
    parts, count = cast("tuple[npt.NDArray[np.int32], int]", ndimage.label(near))
    seeds = np.bincount(parts[core], minlength=count + 1)
    kept = seeds > _LEAST_SHARE * np.count_nonzero(core)
    kept[0] = False
    result: Mask = kept[parts]
    return result


def _middle(bright: Floats, seed: Mask) -> Mask:
    """``seed`` without its darkest 30 % (brows, eyes, mouth, shadow) and brightest 8 % (shine)."""
    if not seed.any():
        return seed
    low, high = np.percentile(bright[seed], [30, 92])
    return seed & (bright >= low) & (bright <= high)
