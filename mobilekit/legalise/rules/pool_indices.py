"""The Indices output of MaxPool: where in the whole input, flattened, each maximum was.

Each cell of the window is a slice of the padded input; the first that equals the maximum says how far it
is from the window's own start::

    index[n, c, window] = image[n, c] + start[window] + offset[first cell where slice == maximum]

Measured in LiteRT 2.3.0 with 2 threads for 64 channels of 64×64 windows of four cells: ArgMax over the
slices takes 0.8 ms, but 19 to put them one beside the other for it; comparing and choosing, 0.2 per cell.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.pool import needed_pads
from mobilekit.legalise.spatial import Pads, Window, full, window_of
from mobilekit.legalise.volumes import seen

if TYPE_CHECKING:
    from mobilekit.tensors import Array


EXACT = 1 << 24


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
    # Whole numbers up to 2^24 are exact in float32, which has the faster kernels.
    kind = np.dtype(np.float32 if b.type(x).size <= EXACT else np.int64)
    strides = _strides(b.shape(x)[2:], by_column=bool(node["storage_order"]))
    moved = _first(x, values, window, pads, _offsets(window, strides).astype(kind), b)
    starts, images = _starts(b.shape(x), b.shape(values), window, pads, strides)
    places = b.add("Add", b.add("Add", moved, starts.astype(kind)), images.astype(kind))
    return values, b.cast(places, np.int64)


def _first(x: str, values: str, window: Window, pads: Pads, offsets: Array, b: Builder) -> str:
    """The offset of the first cell, row by row, whose value is the window's maximum."""
    padded = b.add("Pad", x, full(pads), float("-inf")) if any(map(any, pads)) else x
    cells = list(np.ndindex(*window.kernel))
    counts = b.shape(values)[2:]
    if len(cells) == 1:
        return b.workspace.intern(np.zeros(b.shape(values), offsets.dtype), "zeros")
    chosen: Any = offsets[-1]
    for cell, offset in zip(cells[-2::-1], offsets[-2::-1], strict=True):
        is_it = b.add("Equal", seen(padded, window, cell, counts, b), values)
        chosen = b.add("Where", is_it, offset, chosen)
    return str(chosen)


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
) -> tuple[Array, Array]:
    """Where each window's first cell is (or would be) in its image; and where each image of the batch is."""
    per_axis = [
        (np.arange(count) * step - before) * stride
        for count, step, (before, _), stride in zip(result[2:], window.strides, pads, strides, strict=True)
    ]
    images = np.arange(source[0] * source[1]) * int(np.prod(source[2:]))
    return reduce(np.add.outer, per_axis)[None, None], images.reshape(*source[:2], *(1,) * len(per_axis))


RULES = (Rule(name="max-pool-indices", ops=("MaxPool",), apply=_indices),)
