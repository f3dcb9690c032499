"""One axis resampled by a constant matrix ``[resized, size]``: as products, or as a strided convolution.

A resampling matrix is banded, so it is cut into blocks of rows, each of which reads a slice of the axis:

    x ──┬─ Slice ─ MatMul ─┐
        ├─ Slice ─ MatMul ─┼─ Concat ─ y
        └─ Slice ─ MatMul ─┘

Measured with LiteRT against sums of weighted gathers, which need an operator outside XNNPACK per tap: 1.5 to
5 times faster (docs/decisions/0014-resampling.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder

if TYPE_CHECKING:
    from mobilekit.tensors import Array

BLOCK_ROWS = 32
BLOCKS_AT_MOST = 16
# From so many channels on, a product over channels-last rows needs no transposes and fills the vectors.
CHANNELS_LAST_FROM = 24
CHANNELS_CONVOLVED_FROM = 8


def resampled(x: str, axis: int, matrix: Array, b: Builder) -> str:
    """``x`` with ``axis`` multiplied by ``matrix`` (float64), in the form that is fastest for its shape."""
    is_image = b.rank(x) == 4 and axis >= 2
    window = window_of(matrix)
    if is_image and window is not None and b.shape(x)[1] >= CHANNELS_CONVOLVED_FROM:
        return convolved(x, axis, window, b)
    coefficients = matrix.astype(b.dtype(x))
    if axis == b.rank(x) - 1 and not (is_image and b.shape(x)[1] >= CHANNELS_LAST_FROM):
        return _blocks(x, axis, coefficients, b)
    if is_image and b.shape(x)[1] >= CHANNELS_LAST_FROM:
        moved = b.transpose(x, (0, 2, 3, 1))
        return b.transpose(_of_matrices(moved, axis - 1, coefficients, b), (0, 3, 1, 2))
    if is_image:
        return _blocks(x, axis, coefficients, b)
    return _of_matrices(x, axis, coefficients, b)


def _of_matrices(x: str, axis: int, matrix: Array, b: Builder) -> str:
    """The product with ``x`` seen as matrices ``[before, axis, behind]``."""
    shape = b.shape(x)
    before, behind = shape[:axis], shape[axis + 1 :]
    product = _blocks(b.reshape(x, (prod(before), shape[axis], prod(behind))), 1, matrix, b)
    return b.reshape(product, (*before, len(matrix), *behind))


def _blocks(x: str, axis: int, matrix: Array, b: Builder) -> str:
    """The product along one of the last two axes, a block of rows at a time."""
    parts = []
    for start, end, part in banded(matrix):
        cells = b.slice(x, axis, start, end)
        is_last = axis == b.rank(x) - 1
        parts.append(b.add("MatMul", cells, part.T) if is_last else b.add("MatMul", part, cells))
    return b.concat(parts, axis)


def banded(matrix: Array) -> Iterator[tuple[int, int, Array]]:
    """Blocks of rows as ``(start, end, rows[:, start:end])``: the columns that they use."""
    count = max(1, min(len(matrix) // BLOCK_ROWS, BLOCKS_AT_MOST))
    for rows in np.array_split(matrix, count):
        used = np.flatnonzero(rows.any(axis=0))
        start, end = (int(used[0]), int(used[-1]) + 1) if used.size else (0, 1)
        yield start, end, rows[:, start:end]


@dataclass(frozen=True, slots=True)
class Window:
    """A filter that moves by ``stride`` cells, over an axis whose borders are repeated by ``pads``."""

    taps: Array
    stride: int
    pads: tuple[int, int]


def window_of(matrix: Array) -> Window | None:
    """The matrix as one filter moving by whole cells, two or more; None where it is none."""
    resized, size = matrix.shape
    stride = size // resized
    if stride < 2 or size != stride * resized or resized < 3:
        return None
    middle = resized // 2
    used = np.flatnonzero(matrix[middle])
    if not used.size:
        return None
    taps = matrix[middle, used[0] : used[-1] + 1]
    before = middle * stride - int(used[0])
    after = (resized - 1) * stride - before + len(taps) - size
    if before < 0 or after < 0:
        return None
    window = Window(taps=taps, stride=stride, pads=(before, after))
    return window if np.allclose(_matrix_of(window, resized, size), matrix, rtol=0, atol=1e-7) else None


def _matrix_of(window: Window, resized: int, size: int) -> Array:
    """What a window computes, as a matrix."""
    result = np.zeros((resized, size))
    for row in range(resized):
        cells = np.arange(len(window.taps)) + row * window.stride - window.pads[0]
        np.add.at(result[row], np.clip(cells, 0, size - 1), window.taps)
    return result


def convolved(x: str, axis: int, window: Window, b: Builder) -> str:
    """A depthwise convolution along one axis of an image, its borders repeated."""
    channels = b.shape(x)[1]
    pads = np.zeros((2, 4), np.int64)
    pads[:, axis] = window.pads
    padded = b.add("Pad", x, pads.reshape(-1), mode="edge") if any(window.pads) else x
    kernel = [1, 1, 1, 1]
    kernel[axis] = len(window.taps)
    filters = np.repeat(window.taps.reshape(kernel), channels, axis=0).astype(b.dtype(x))
    strides = [window.stride if i == axis else 1 for i in (2, 3)]
    return b.add("Conv", padded, filters, group=channels, strides=strides)
