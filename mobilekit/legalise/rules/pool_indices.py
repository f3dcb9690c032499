"""The Indices output of MaxPool: where in the whole input, flattened, each maximum was.

Each cell of the window is a slice of the padded input; ArgMax over these slices, one beside the other,
says which cell was the first of the largest, and a table says where that cell is from the window's own
start::

    index[n, c, window] = start[n, c, window] + offset[cell]
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.pool import needed_pads
from mobilekit.legalise.spatial import Pads, Window, full, window_of
from mobilekit.legalise.volumes import seen

if TYPE_CHECKING:
    from mobilekit.tensors import Array


def _indices(node: Node, b: Builder) -> Replacement | Refusal | None:
    """Values and indices apart; indices that nobody reads are dropped."""
    if len(node.outputs) < 2:
        return None
    x = node.inputs[0]
    values = b.again(node, x, storage_order=None)
    if not b.workspace.uses[node.outputs[1]]:
        return (values,)
    if not b.type(x).is_float:
        # Where all is the lowest there is, as in dark images, ONNX Runtime names places outside.
        return Refusal(got=f"Indices of {b.dtype(x).name}", hint="cast to float before the MaxPool")
    window = window_of(node)
    pads = needed_pads(node, window, b)
    first = b.add("ArgMax", _cells(x, window, pads, b.shape(values), b), axis=3, keepdims=0)
    strides = _strides(b.shape(x)[2:], by_column=bool(node["storage_order"]))
    moved = b.add("Gather", _offsets(window, strides), first, axis=0)
    starts = _starts(b.shape(x), b.shape(values), window, pads, strides)
    places = b.add("Add", moved, starts.reshape(b.shape(moved)))
    return values, b.reshape(places, b.shape(values))


def _cells(x: str, window: Window, pads: Pads, result: tuple[int, ...], b: Builder) -> str:
    """``[N, C, windows, cells]``: what each window sees, row by row; -inf outside the input."""
    padded = b.add("Pad", x, full(pads), float("-inf")) if any(map(any, pads)) else x
    flat = (*result[:2], int(np.prod(result[2:])), 1)
    cells = [
        b.reshape(seen(padded, window, cell, result[2:], b), flat) for cell in np.ndindex(*window.kernel)
    ]
    return b.concat(cells, 3)


def _strides(sizes: tuple[int, ...], *, by_column: bool) -> tuple[int, ...]:
    """How far apart, in the flattened image, neighbours along each axis are."""
    axes = range(len(sizes))
    return tuple(int(np.prod(sizes[:a] if by_column else sizes[a + 1 :])) for a in axes)


def _offsets(window: Window, strides: tuple[int, ...]) -> Array:
    per_axis = [
        np.arange(k) * d * s for k, d, s in zip(window.kernel, window.dilations, strides, strict=True)
    ]
    return reduce(np.add.outer, per_axis).reshape(-1).astype(np.int64)


def _starts(
    source: tuple[int, ...], result: tuple[int, ...], window: Window, pads: Pads, strides: tuple[int, ...]
) -> Array:
    """Where each window's first cell is (or would be, before the image), for every image of the batch."""
    per_axis = [
        (np.arange(count) * step - before) * stride
        for count, step, (before, _), stride in zip(result[2:], window.strides, pads, strides, strict=True)
    ]
    images = np.arange(source[0] * source[1]) * int(np.prod(source[2:]))
    return reduce(np.add.outer, [images, *per_axis]).astype(np.int64)


RULES = (Rule(name="max-pool-indices", ops=("MaxPool",), apply=_indices),)
