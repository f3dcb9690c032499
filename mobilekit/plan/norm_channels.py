"""The intervals of channels before a normalisation: each gets the whole int8 range, and no more.

What a norm reads is divided by each photo's own deviation, so that is the unit in which an error
counts: a photo of little contrast needs fine steps, clipped outliers of a contrasty one cost little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.channels import MASSES
from mobilekit.convert.tflite.carried import is_spatial_norm

if TYPE_CHECKING:
    from mobilekit.calibrate.channels import ChannelSketch
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.tensors import Array

_TRIED = 7
"""So many quantiles from each end may be an end of the interval."""

_STEPS = 255.0

_RATIOS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
_ROOM = 1.25
"""Photos that did not calibrate are clipped beyond: where all is coarse, coarser costs little."""


def intervals(sketch: ChannelSketch, *, margin: float = 0.0) -> tuple[Array, Array]:
    """``(low, high)`` per channel, of the least mean error over photos after their norms.

    The error is that of clipping beyond the interval and of rounding inside; an end is one of the
    outer quantiles of the photo where it is furthest out, and ``margin`` of the extent beyond it.
    """
    quantiles = sketch.quantiles
    unit = sketch.variances
    unit = np.maximum(unit, unit.max() * 1e-9 + np.finfo(np.float64).tiny)
    lows = quantiles.min(axis=0)[:, :_TRIED]
    highs = quantiles.max(axis=0)[:, ::-1][:, :_TRIED]
    best = np.full(lows.shape[0], np.inf)
    low, high = lows[:, 0].copy(), highs[:, 0].copy()
    for i in range(_TRIED):
        for j in range(_TRIED):
            cost = _cost(quantiles, lows[:, i], highs[:, j], unit)
            better = cost < best
            best = np.where(better, cost, best)
            low, high = np.where(better, lows[:, i], low), np.where(better, highs[:, j], high)
    beyond = margin * (high - low)
    return low - beyond, high + beyond


def behind_norms(view: GraphView) -> frozenset[str]:
    """What norms over positions make, and what Relus make of that."""
    found: set[str] = set()
    for node in view.nodes:
        if is_spatial_norm(view, node) or (node.op_type == "Relu" and node.input[0] in found):
            found.add(node.output[0])
    return frozenset(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoIntervals:
    """Per channel the ``middle``, and the ``half`` width of the fine interval; both in units of the map.

    The coarse interval is ``ratio`` times as wide.
    """

    middle: Array
    half: Array
    ratio: float


def two_intervals(sketch: ChannelSketch) -> TwoIntervals:
    """Where a value in two parts is fine and where it is coarse, of the least mean error over photos.

    The coarse interval has all that was seen, and room beyond; the fine one is about the mean.
    """
    quantiles, middle = sketch.quantiles, sketch.means.mean(axis=0)
    reach = np.maximum(quantiles[:, :, -1].max(axis=0) - middle, middle - quantiles[:, :, 0].min(axis=0))
    unit = sketch.variances
    unit = np.maximum(unit, unit.max() * 1e-9 + np.finfo(np.float64).tiny)
    away = np.abs(quantiles - middle[None, :, None])
    costs = []
    for ratio in _RATIOS:
        half = reach / ratio
        beyond = (away > half[None, :, None]) @ MASSES
        fine, coarse = np.square(half), np.square(half * ratio * _ROOM)
        costs.append(float(((fine * (1.0 - beyond) + coarse * beyond) / unit).sum()))
    ratio = _RATIOS[int(np.argmin(costs))]
    return TwoIntervals(middle=middle, half=reach / ratio, ratio=ratio * _ROOM)


def _cost(quantiles: Array, low: Array, high: Array, unit: Array) -> Array:
    """The error of each channel with these intervals, in units of each photo's variance."""
    below = np.maximum(low[None, :, None] - quantiles, 0.0)
    above = np.maximum(quantiles - high[None, :, None], 0.0)
    clipped = (np.square(below) + np.square(above)) @ MASSES
    rounded = np.square((high - low) / _STEPS) / 12.0
    return np.asarray(((clipped + rounded) / unit).sum(axis=0))
