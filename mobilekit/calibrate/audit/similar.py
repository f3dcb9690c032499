"""Pixels of one surface: the same chromaticity in light and shadow, connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from mobilekit.calibrate.audit.colour import luminance

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]

_CHROMATICITY = 0.32  # of the logarithms of R/Y, G/Y, B/Y
_DARKEST, _LIGHTEST = 1 / 3.5, 2.2  # of the median's luminance: shadows and highlights of a lit head
_FLOOR = 1e-4  # of linear light: under it there is noise
_LEAST_SHARE = 0.02


def surface_of(light: Floats, seed: Mask, allowed: Mask) -> Mask:
    """The connected ``allowed`` pixels of the surface that most of ``seed`` shows.

    ``light`` is H×W×3 linear RGB. Shading scales all channels alike, so that a surface is a line
    through black: its pixels share the seed's ratios of R, G and B, whatever light falls on them.
    Eyes, hair and shine inside the seed are left out by its median. Empty if the seed is.
    """
    from scipy import ndimage

    bright = luminance(light)
    core = _middle(bright, seed)
    if not core.any():
        return core
    typical = np.median(light[core], axis=0).astype(np.float32)
    level = luminance(typical)
    ratios = np.log(np.maximum(light, _FLOOR) / np.maximum(bright, _FLOOR)[..., None])
    apart = np.abs(ratios - np.log(np.maximum(typical, _FLOOR) / np.maximum(level, _FLOOR))).max(axis=-1)
    near = (apart < _CHROMATICITY) & (bright > level * _DARKEST) & (bright < level * _LIGHTEST) & allowed
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
