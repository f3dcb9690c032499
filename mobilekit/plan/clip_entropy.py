"""The range whose 256 levels keep most of a distribution's information.

After Migacz 2017, "8-bit inference with TensorRT" (GTC, S7310): of all ranges the one where the
distribution P (clipped values counted at its ends) and what int8 levels make of it, Q, have the least
Kullback-Leibler divergence. There as in ONNX Runtime's calibration a range is symmetric: 2048 bins of
magnitudes, 128 levels. Here both ends move by themselves, over 4096 bins (16 a level, as there) between
the extremes, with all 256 levels between the ends; exact zeros, which every int8 range represents
exactly, are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.stats import bin_edges
from mobilekit.plan.clip_search import cheapest
from mobilekit.quantisation import TensorRange

if TYPE_CHECKING:
    import numpy.typing as npt

    from mobilekit.calibrate.stats import ValueStats

    Floats = npt.NDArray[np.float64]

LEVELS = 256
BINS_PER_LEVEL = 16
_EPSILON = 1e-4  # the share that bins which Q leaves empty get, as in ONNX Runtime
_ZEROS = (-1, 0)


def least_divergence_range(stats: ValueStats, *, symmetric: bool = False) -> TensorRange:
    """The range of the least divergence. Extremes where all values are zero."""
    low, high = min(stats.minimum, 0.0), max(stats.maximum, 0.0)
    if symmetric:
        low, high = -max(-low, high), max(-low, high)
    density = _even_bins(stats, low, high)
    total = density.sum()
    if not total > 0.0:
        return TensorRange(minimum=low, maximum=high)
    place = (density.size / (high - low)).__mul__

    def cost(least: float, greatest: float) -> float:
        first = int(np.clip(round(place(least - low)), 0, density.size - LEVELS))
        last = int(np.clip(round(place(greatest - low)), first + LEVELS, density.size))
        return divergence(density / total, first, last)

    low, high = cheapest(cost, low, high, symmetric=symmetric, smallest=1.0 / BINS_PER_LEVEL)
    return TensorRange(minimum=low, maximum=high)


def divergence(density: Floats, first: int, last: int) -> float:
    """KL(P ‖ Q) where values outside the bins ``first … last`` are clipped to them."""
    inside = density[first:last]
    clipped = inside.copy()
    clipped[0] += density[:first].sum()
    clipped[-1] += density[last:].sum()
    groups = np.linspace(0, inside.size, LEVELS + 1).round().astype(np.intp)[:-1]
    occupied = clipped > 0.0
    mass = np.add.reduceat(inside, groups)
    places = np.add.reduceat(occupied.astype(np.float64), groups)
    level = np.repeat(mass / np.maximum(places, 1.0), np.diff([*groups, inside.size]))
    kept = max(mass.sum(), np.finfo(np.float64).tiny)
    expected = clipped[occupied]
    given = (1.0 - _EPSILON) * level[occupied] / kept + _EPSILON / expected.size
    return float(np.sum(expected * np.log(expected / given)))


def _even_bins(stats: ValueStats, low: float, high: float) -> Floats:
    """The histogram over equal bins from ``low`` to ``high``, exact zeros left out."""
    indices, counts = stats.histogram()
    counts = np.where(np.isin(indices, _ZEROS), 0, counts)
    lower, upper = (np.clip(edges, stats.minimum, stats.maximum) for edges in bin_edges(indices))
    places = np.stack([lower, upper], axis=1).ravel()
    before = np.concatenate([[0], np.cumsum(counts)]).astype(np.float64)
    heights = np.stack([before[:-1], before[1:]], axis=1).ravel()
    edges = np.linspace(low, high, LEVELS * BINS_PER_LEVEL + 1)
    return np.diff(np.interp(edges, places, heights, left=0.0, right=before[-1]))
