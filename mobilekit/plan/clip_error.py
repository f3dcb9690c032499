"""The range whose 256 levels give the least expected squared error, clipping included.

Exact for values that are spread evenly within each bin of the histogram; no distribution is assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.stats import bin_edges
from mobilekit.plan.clip_search import cheapest
from mobilekit.quantisation import TensorRange

if TYPE_CHECKING:
    import numpy.typing as npt

    from mobilekit.calibrate.stats import ValueStats
    from mobilekit.quantisation import Scale

    Floats = npt.NDArray[np.float64]

_NARROW = 1e-4
"""Bins of fewer steps count with their middle: differences of their integrals would be rounding noise."""


def least_error_range(
    stats: ValueStats,
    *,
    scaled: Callable[[TensorRange], Scale],
    symmetric: bool = False,
    rounding: float = 1.0,
) -> TensorRange:
    """The range of the least mean squared error, ``scaled`` gives a range its scale.

    The error of rounding counts ``rounding`` times as much as that of clipping.
    """
    indices, counts = stats.histogram()
    lower, upper = (np.clip(edges, stats.minimum, stats.maximum) for edges in bin_edges(indices))
    low, high = cheapest(
        lambda low, high: squared_error(
            lower, upper, counts, scaled(TensorRange(minimum=low, maximum=high)), rounding=rounding
        ),
        min(stats.minimum, 0.0),
        max(stats.maximum, 0.0),
        symmetric=symmetric,
    )
    return TensorRange(minimum=low, maximum=high)


def squared_error(
    lower: Floats, upper: Floats, counts: npt.NDArray[np.int64], scale: Scale, *, rounding: float = 1.0
) -> float:
    """The summed squared error of int8 values of ``scale`` for ``counts`` values in bins ``lower … upper``.

    In steps, a value u is off by r = u - n(u), n being the nearest of the levels; the integral of r²
    from zero to u is n/12 + r³/3, beyond the last level too.
    """
    ends = -128.0 - scale.zero_point, 127.0 - scale.zero_point
    start, end = lower / scale.scale, upper / scale.scale
    width = end - start
    narrow = width < _NARROW
    wide = ~narrow
    error = np.empty_like(width)
    middle = (start[narrow] + end[narrow]) / 2.0
    off = middle - _nearest(middle, ends)
    error[narrow] = off**2 * np.where(np.abs(off) <= 0.5, rounding, 1.0)
    whole = _weighed(end[wide], ends, rounding) - _weighed(start[wide], ends, rounding)
    error[wide] = whole / width[wide]
    return float(np.dot(error, counts)) * scale.scale**2


def _nearest(steps: Floats, ends: tuple[float, float]) -> Floats:
    return np.clip(np.rint(steps), *ends)


def _weighed(steps: Floats, ends: tuple[float, float], rounding: float) -> Floats:
    if rounding == 1.0:
        return _integral(steps, ends)
    inside = np.clip(steps, ends[0] - 0.5, ends[1] + 0.5)
    return _integral(steps, ends) + (rounding - 1.0) * _integral(inside, ends)


def _integral(steps: Floats, ends: tuple[float, float]) -> Floats:
    level = _nearest(steps, ends)
    off = steps - level
    return level / 12.0 + off * off * off / 3.0
