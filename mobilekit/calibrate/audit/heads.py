"""Heads by colour and outline, for faces that `faces` does not see: dark, turned or low in contrast.

The commonest colours of the picture's middle are tried one after the other::

    colours that skin can have ─► a mode of them ─► its surface ─► outline of a head? holes in it? ─► best

Colours are wide (any light from 2500 K to 10 000 K, any Monk tone), so the outline decides: an
upright ellipse, not touching the border, with holes where eyes and mouth are. What is hair or cloth
rarely has that; a photo where nothing has is one without skin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from mobilekit.calibrate.audit.colour import lab, linear, luminance
from mobilekit.calibrate.audit.light import surround_gains
from mobilekit.calibrate.audit.similar import surface_of
from mobilekit.calibrate.audit.thumbnail import thumbnail

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]
    Pixels = npt.NDArray[np.uint8]

_SIDE = 96  # outlines need no more
_MODES = 6
_EDGES = (np.arange(0, 101, 5), np.arange(-30, 61, 5), np.arange(-30, 81, 5))  # L*, a*, b*
_NEAR = np.array([10.0, 7.0, 8.0])
_LEAST_AREA = 0.04  # of the picture: a selfie, no passer-by
_EVIDENCE = ((0.76, 0.03), (0.70, 0.065))  # (roundness, holes): either is enough
_LONGEST = 2.0
_ROUND = 1.1
_TILT = 40.0
_BORDER = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a blob looks like: overlap with its ellipse, its axes' ratio, tilt in degrees, share of holes."""

    roundness: float
    ratio: float
    tilt: float
    holes: float
    border: float

    @property
    def is_head(self) -> bool:
        """Whether a head in a photo can look so."""
        upright = self.tilt < _TILT or self.ratio < _ROUND
        shown = any(self.roundness > least and self.holes > holes for least, holes in _EVIDENCE)
        return upright and shown and self.ratio < _LONGEST and self.border < _BORDER


def head_mask(small: Pixels) -> Mask:
    """The skin of the most likely head in a thumbnail; all False if nothing looks like one."""
    coarse = thumbnail(small, _SIDE)
    light = linear(coarse)
    weight = _middle(coarse.shape[:2])
    possible = _possible(light)
    best, best_score = np.zeros(coarse.shape[:2], dtype=bool), 0.0
    for seed in _modes(lab(light), possible, weight):
        blob = _heaviest(surface_of(light, seed, possible), weight)
        if np.count_nonzero(blob) < _LEAST_AREA * blob.size:
            continue
        outline = outline_of(blob)
        score = outline.roundness * float(weight[blob].mean()) * float(np.sqrt(np.count_nonzero(blob)))
        if outline.is_head and score > best_score:
            best, best_score = blob, score
    return _enlarged(best, small.shape[:2])


def _middle(shape: tuple[int, int]) -> Floats:
    """How likely each pixel is a selfie's face: a wide bell a little above the middle."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    y, x = (rows / shape[0] - 0.47) / 0.22, (columns / shape[1] - 0.5) / 0.22
    return np.exp(-(y * y + x * x) / 2).astype(np.float32)


def _possible(light: Floats) -> Mask:
    """Pixels that can be skin: red over green over blue, with room for lights, but not saturated."""
    balanced = np.maximum(light * surround_gains(light), 2e-3)
    bright = luminance(balanced)
    warm = np.log(balanced[..., 0] / balanced[..., 1])
    yellow = np.log(balanced[..., 1] / balanced[..., 2])
    hue = (warm > -0.05) & (warm < 1.5) & (yellow > -0.25) & (yellow < 1.9) & (warm + yellow > 0)
    return cast("Mask", hue & (bright > 0.004) & (bright < 0.97))


def _modes(colours: Floats, possible: Mask, weight: Floats) -> Iterator[Mask]:
    """The pixels near each of the commonest colours of the middle, commonest first."""
    from scipy import ndimage

    counts, _ = np.histogramdd(colours.reshape(-1, 3), bins=_EDGES, weights=(weight * possible).ravel())
    counts = ndimage.gaussian_filter(counts, (1.2, 0.8, 0.8), mode="constant")
    least = 0.0008 * float(weight.sum())
    for _ in range(_MODES):
        peak = np.unravel_index(int(counts.argmax()), counts.shape)
        if counts[peak] < least:
            return
        middle = np.array([edges[i] + 2.5 for edges, i in zip(_EDGES, peak, strict=True)])
        counts[tuple(slice(max(0, i - r), i + r + 1) for i, r in zip(peak, (2, 1, 1), strict=True))] = 0
        near = (np.abs(colours - middle) < _NEAR).all(axis=-1) & possible & (weight > 0.1)
        if np.count_nonzero(near) >= 0.004 * near.size:
            yield near


def _heaviest(mask: Mask, weight: Floats) -> Mask:
    """The connected part of ``mask`` with the most weight, its thin bridges cut."""
    from scipy import ndimage

    opened = ndimage.binary_opening(mask)
    parts, count = cast("tuple[npt.NDArray[np.int32], int]", ndimage.label(opened))
    if not count:
        return np.zeros_like(mask)
    weights = np.bincount(parts.ravel(), weights=weight.ravel())
    weights[0] = 0
    return cast("Mask", parts == int(weights.argmax()))


def outline_of(blob: Mask) -> Outline:
    """The outline of a connected blob, its holes filled."""
    from scipy import ndimage

    padded = np.pad(blob, 4)
    filled = ndimage.binary_fill_holes(ndimage.binary_closing(padded, iterations=2))[4:-4, 4:-4]
    rows, columns = np.nonzero(filled)
    place = np.stack([rows - rows.mean(), columns - columns.mean()])
    spread = place @ place.T / len(rows) + 0.1 * np.eye(2)
    sizes, axes = np.linalg.eigh(spread)
    grid = np.moveaxis(np.indices(blob.shape), 0, -1) - [rows.mean(), columns.mean()]
    ellipse = np.einsum("hwi,ij,hwj->hw", grid, np.linalg.inv(spread), grid) < 4.0
    border = blob[0].sum() + blob[-1].sum() + blob[:, 0].sum() + blob[:, -1].sum()
    return Outline(
        roundness=float((ellipse & filled).sum() / (ellipse | filled).sum()),
        ratio=float(np.sqrt(sizes[1] / sizes[0])),
        tilt=float(np.degrees(np.arctan2(abs(axes[1, 1]), abs(axes[0, 1])))),
        holes=float((filled & ~blob & ellipse).sum() / filled.sum()),
        border=float(border / np.sqrt(blob.sum())),
    )


def _enlarged(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """``mask`` at the size of the picture it was made from."""
    rows = np.arange(shape[0]) * mask.shape[0] // shape[0]
    columns = np.arange(shape[1]) * mask.shape[1] // shape[1]
    return cast("Mask", mask[rows[:, None], columns])
