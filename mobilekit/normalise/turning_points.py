"""Where a function of one number may turn: what lies between points that were looked at.

Thresholds, clips and steep sigmoids turn where one of their operands, or the difference of two, changes
its sign. Those places are found by halving, and then every stretch between them is looked at too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_ROUNDS = 60
_MOST_POINTS = 1 << 14
_CLOSEST = 1e-9
_SMALLEST = 1e-29
_FAR = np.geomspace(1e-30, 1e37, 68)
Operands = Callable[["Array"], Sequence[tuple["Array", ...]] | None]


def turning_points(operands: Operands, start: Array) -> Array | None:
    """Points around every turn and between any two; None where there are too many, or no values.

    ``operands`` gives the operands of every operator at given points, along their first axis.
    """
    points = np.unique(np.concatenate([start, _FAR, -_FAR, [0.0]]))
    for _ in range(_ROUNDS):
        found = operands(points)
        if found is None or points.size > _MOST_POINTS:
            return None
        gaps = np.diff(points) > _SMALLEST + _CLOSEST * np.maximum(np.abs(points[1:]), np.abs(points[:-1]))
        halved = np.flatnonzero(_turns(found, points.size) & gaps)
        if not halved.size:
            break
        points = np.unique(np.concatenate([points, (points[halved] + points[halved + 1]) / 2]))
    return np.unique(np.concatenate([points, (points[1:] + points[:-1]) / 2]))


def _turns(operands: Sequence[tuple[Array, ...]], count: int) -> Array:
    """Between which points some operand, or the difference of two, changes its sign."""
    found = np.zeros(count - 1, np.bool_)
    for values in operands:
        wide = [np.asarray(v, np.float64) for v in values]
        for signal in [*wide, *(one - other for one, other in pairwise(wide))]:
            if signal.ndim and signal.shape[0] == count:
                signs = np.sign(np.nan_to_num(signal)).reshape(count, -1)
                found |= (signs[1:] != signs[:-1]).any(axis=1)
    return found
