"""Resize of integers, linear: ONNX Runtime's own sums, term by term.

A result is cut, not rounded, to an integer, so that 6.9999995 and 7 differ by one: the four or eight
products of a cell are therefore computed in the float32 order of ONNX Runtime, whose kernels sample the
last two axes of two or four, or the last three of three or five, and the result is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.resample import Axis, source_coordinates

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_F = np.float32


def sampled_axes(axes: tuple[Axis, ...]) -> int:
    """How many of the last axes ONNX Runtime samples together; 0 where it has no linear Resize."""
    count = {2: 2, 3: 3, 4: 2, 5: 3}.get(len(axes), 0)
    return count if all(axis.is_unchanged for axis in axes[: len(axes) - count]) else 0


def linear_integers(x: str, sampled: tuple[Axis, ...], coordinates: str, b: Builder) -> str:
    """Linear interpolation of an integer tensor along its last axes, cut to its type."""
    found = [_neighbours(axis, coordinates) for axis in sampled]
    first = b.rank(x) - len(sampled)
    corners: list[tuple[tuple[int, ...], str]] = [((), b.cast(x, np.float32))]
    for position, (cells, _) in enumerate(found):
        corners = [
            ((*sides, side), _picked(value, cells[side], first + position, b))
            for sides, value in corners
            for side in (0, 1)
        ]
    terms = [b.add("Mul", value, _share(sides, found, first)) for sides, value in corners]
    return b.cast(b.chain("Add", terms), b.dtype(x))


def _share(sides: tuple[int, ...], found: Sequence[tuple[Array, Array]], first: int) -> Array:
    """The weight of one corner, multiplied from the last axis on."""
    result = np.ones((), _F)
    for position, (side, (_, shares)) in reversed(list(enumerate(zip(sides, found, strict=True)))):
        along = [1] * (first + len(sides))
        along[first + position] = -1
        result = result * shares[side].reshape(along)
    return result


def _picked(x: str, cells: Array, axis: int, b: Builder) -> str:
    whole = np.array_equal(cells, np.arange(b.shape(x)[axis]))
    return x if whole else b.add("Gather", x, cells, axis=axis)


def _neighbours(axis: Axis, coordinates: str) -> tuple[Array, Array]:
    """The two cells beside every coordinate, and the share of each (float32), ``[2, resized]`` both."""
    last = axis.size - 1
    x = np.clip(source_coordinates(axis, coordinates), _F(0), _F(last))
    first = np.minimum(x.astype(np.int64), last)
    second = np.minimum(first + 1, last)
    near, far = np.abs(x - first.astype(_F)), np.abs(x - second.astype(_F))
    alone = first == second
    near, far = np.where(alone, _F(0.5), near), np.where(alone, _F(0.5), far)
    return np.stack([first, second]), np.stack([far, near]).astype(_F)
