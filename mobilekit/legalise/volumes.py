"""Images with a depth axis as stacks of planes, what windows see of them, and axes spread out by zeros.

TFLite's fast kernels are two-dimensional, so a volume ``[N, C, D, H, W]`` becomes ``N·D`` images.
The transposes written for that are the emitter's own two layouts: they cost nothing in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.legalise.builder import Builder
    from mobilekit.legalise.spatial import Window


AXES = 3
"""Of a volume: depth, height, width. No kernel goes over more."""


def planes_of(volume: str, b: Builder) -> str:
    """``[N, C, D, H, W]`` → ``[N·D, C, H, W]``."""
    n, c, depth, height, width = b.shape(volume)
    rows = b.reshape(b.transpose(volume, (0, 2, 3, 4, 1)), (n * depth, height, width, c))
    return b.transpose(rows, (0, 3, 1, 2))


def volume_of(planes: str, batch: int, b: Builder) -> str:
    """``[N·D, C, H, W]`` → ``[N, C, D, H, W]``."""
    count, c, height, width = b.shape(planes)
    rows = b.reshape(b.transpose(planes, (0, 2, 3, 1)), (batch, count // batch, height, width, c))
    return b.transpose(rows, (0, 4, 1, 2, 3))


def every(value: str, axis: int, start: int, count: int, step: int, b: Builder) -> str:
    """``count`` cells of an axis, one in ``step`` from ``start`` on."""
    return b.slice(value, axis, start, start + (count - 1) * step + 1, step)


def seen(value: str, window: Window, cell: Sequence[int], counts: Sequence[int], b: Builder) -> str:
    """What one cell of a sliding window sees: ``counts`` windows along each axis of ``[N, C, …]``."""
    axes = range(2, 2 + len(counts))
    starts = [place * dilation for place, dilation in zip(cell, window.dilations, strict=True)]
    ends = [
        start + (count - 1) * step + 1
        for start, count, step in zip(starts, counts, window.strides, strict=True)
    ]
    listed = zip(axes, starts, ends, window.strides, b.shape(value)[2:], strict=True)
    cut = [(a, s, e, step) for a, s, e, step, size in listed if (s, e, step) != (0, size, 1)]
    if not cut:
        return value
    columns = [list(column) for column in zip(*cut, strict=True)]
    return b.add("Slice", value, columns[1], columns[2], columns[0], columns[3])


def spread(value: str, axis: int, step: int, b: Builder) -> str:
    """``value`` with ``step - 1`` zeros between neighbours of an axis."""
    shape = b.shape(value)
    size = shape[axis]
    if step == 1 or size == 1:
        return value
    before, after = shape[:axis], shape[axis + 1 :]
    rows = 1
    for length in before:
        rows *= length
    columns = 1
    for length in after:
        columns *= length
    padded = b.add("Pad", b.reshape(value, (rows * size, 1, columns)), [0, 0, 0, 0, step - 1, 0])
    apart = b.reshape(padded, (*before, size * step, *after))
    return b.slice(apart, axis, 0, (size - 1) * step + 1)


def tap(weights: str, axis: int, place: int, b: Builder) -> str:
    """One cell of the weights' ``axis``, which goes away; constants at once."""
    shape = b.shape(weights)
    left = (*shape[:axis], *shape[axis + 1 :])
    array = b.constant(weights)
    if array is not None:
        return b.workspace.intern(array.take(place, axis), f"{weights}/{place}")
    return b.reshape(b.slice(weights, axis, place, place + 1), left)
