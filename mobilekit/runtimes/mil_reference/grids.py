"""Sampling: where the output's points lie in the input, and values at such points. All in explicit NumPy.

Sources: the notes of iOS15 ``resize_bilinear`` (the five sampling modes) and ``resample`` (coordinates and
padding).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.tensors import Array


Corners = Callable[[float, int], "Array"]


def _strict_align(size: float, count: int) -> Array:
    spacing = (size - 1) / (count - 1) if count > 1 else 0.0
    return np.arange(count) * spacing


def _align(size: float, count: int) -> Array:
    return np.asarray([(size - 1) / 2]) if count == 1 else _strict_align(size, count)


def _default(size: float, count: int) -> Array:
    """(size - size / count) / (count - 1) is size / count, for one point as well."""
    return np.arange(count) * (size / count)


def _offset(size: float, count: int) -> Array:
    return (np.arange(count) + 0.5) * (max(1.0, size - 1) / count)


def _unalign(size: float, count: int) -> Array:
    return (np.arange(count) + 0.5) * (size / count) - 0.5


MODES: dict[str, Corners] = {
    "STRICT_ALIGN_CORNERS": _strict_align,
    "ALIGN_CORNERS": _align,
    "DEFAULT": _default,
    "OFFSET_CORNERS": _offset,
    "UNALIGN_CORNERS": _unalign,
}


def points(mode: str, size: float, count: int) -> Array:
    """``count`` points in an interval [0, size - 1], float64. Raises ValueError for an unknown mode."""
    if mode not in MODES:
        message = f"sampling_mode {mode!r}; expected one of {', '.join(MODES)}"
        raise ValueError(message)
    return np.clip(MODES[mode](size, count), 0.0, max(size - 1, 0.0))


def interpolate(x: Array, at: Array, axis: int) -> Array:
    """Linear interpolation of ``x`` along ``axis`` at points within [0, size - 1]; float in, the same float
    out.
    """
    below = np.minimum(np.floor(at).astype(np.int64), max(x.shape[axis] - 2, 0))
    above = np.minimum(below + 1, x.shape[axis] - 1)
    shape = [len(at) if i == axis % x.ndim else 1 for i in range(x.ndim)]
    share = (at - below).astype(x.dtype).reshape(shape)
    lower = np.take(x, below, axis=axis)
    if not share.any():
        return lower
    step = np.take(x, above, axis=axis)  # in place from here on: maps are large
    step -= lower
    step *= share
    lower += step
    return lower


def floored(size: int, count: int) -> Array:
    """The input's element for each of ``count`` elements: floor(i * size / count), exactly."""
    return np.arange(count) * size // count


def unnormalised(coordinate: Array, size: int, mode: str, *, align_corners: bool) -> Array:
    """Coordinates of ``mode`` as positions of elements, the first at 0 and the last at size - 1."""
    if mode == "unnormalized":
        return coordinate
    if mode not in {"normalized_minus_one_to_one", "normalized_zero_to_one"}:
        message = f"coordinates_mode {mode!r}"
        raise ValueError(message)
    share = (coordinate + 1) / 2 if mode == "normalized_minus_one_to_one" else coordinate
    return share * (size - 1) if align_corners else share * size - 0.5


def folded(position: Array, size: int, mode: str) -> Array:
    """Positions outside brought inside: ``border`` clamps, ``reflection`` and ``symmetric`` mirror, others
    stay.
    """
    if mode == "border":
        return np.clip(position, 0, size - 1)
    if mode == "reflection":
        return _mirrored(position, 0.0, float(size - 1))
    if mode == "symmetric":
        return np.clip(_mirrored(position, -0.5, size - 0.5), 0, size - 1)
    return position


def _mirrored(position: Array, low: float, high: float) -> Array:
    span = high - low
    if span <= 0:
        return np.zeros_like(position)
    phase = np.mod(position - low, 2 * span)
    return low + np.minimum(phase, 2 * span - phase)


def sample(x: Array, columns: Array, rows: Array, *, nearest: bool, outside: float) -> Array:
    """Values of images ``x`` [b, c, h, w] at positions [b, *shape]; ``outside`` beyond them.

    -> [b, c, *shape].
    """
    if nearest:
        return _tap(x, np.rint(columns), np.rint(rows), outside)
    left, top = np.floor(columns), np.floor(rows)
    to_right, down = (columns - left).astype(x.dtype)[:, None], (rows - top).astype(x.dtype)[:, None]
    upper = _tap(x, left, top, outside) * (1 - to_right) + _tap(x, left + 1, top, outside) * to_right
    lower = _tap(x, left, top + 1, outside) * (1 - to_right) + _tap(x, left + 1, top + 1, outside) * to_right
    return upper * (1 - down) + lower * down


def _tap(x: Array, columns: Array, rows: Array, outside: float) -> Array:
    height, width = x.shape[2:]
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    column, row = (np.where(inside, each, 0).astype(np.int64) for each in (columns, rows))
    image = np.arange(x.shape[0]).reshape((-1,) + (1,) * (columns.ndim - 1))
    values = np.moveaxis(x[image, :, row, column], -1, 1)
    return np.where(inside[:, None], values, x.dtype.type(outside))
