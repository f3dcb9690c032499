"""MaxUnpool: each value where its index says, zeros elsewhere.

With constant indices it is a Gather. With the indices of a MaxPool whose windows do not overlap, every
place belongs to one window, whose value it shows if the window's index is the place's own::

    y[p] = x[window(p)] if index[window(p)] == p else 0

Indices from anywhere else may name a place twice, or none: they are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.pool import needed_pads
from mobilekit.legalise.rules.pool_indices import EXACT
from mobilekit.legalise.spatial import window_of

if TYPE_CHECKING:
    from mobilekit.tensors import Array


def _fixed(node: Node, b: Builder) -> Replacement | Refusal | None:
    """Constant indices: every place of the result gathers its value, or a zero put behind the last."""
    x, indices = node.inputs[:2]
    places = b.constant(indices)
    if places is None:
        return Refusal(
            got="Indices that are not those of a MaxPool of the same size without overlapping windows",
            hint="use MaxUnpool with the kernel and strides of its MaxPool, or Resize",
        )
    shape = b.shape(node.name)
    if node.input(2) and shape != _implied(node, b.shape(x)):
        # ONNX counts indices in the implied shape, ONNX Runtime in the one given.
        got = f"output_shape {shape} where its windows give {_implied(node, b.shape(x))}"
        return Refusal(got=got, hint="leave output_shape out, and pad or cut the result")
    count, size = places.size, int(np.prod(shape))
    if count and (places.min() < -size or places.max() >= size):
        return Refusal(got=f"Indices outside the {size} places of the result")
    sources = np.full(size, count, np.int64)
    sources[places.reshape(-1)] = np.arange(count)
    values = b.concat([b.reshape(x, (count,)), b.workspace.intern(np.zeros(1, b.dtype(x)), "zero")], 0)
    return b.reshape(b.add("Gather", values, sources, axis=0), shape)


def _implied(node: Node, source: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a result whose windows are put side by side."""
    window = window_of(node)
    axes = len(window.kernel)
    pads = node["pads"] or (0,) * 2 * axes
    spatial = tuple(
        (size - 1) * stride + taps - before - after
        for size, stride, taps, before, after in zip(
            source[2:], window.strides, window.kernel, pads[:axes], pads[axes:], strict=True
        )
    )
    return (*source[:2], *spatial)


def _of_max_pool(node: Node, b: Builder) -> Replacement | None:
    """Compare every place with the index of the only window that covers it."""
    x, indices = node.inputs[:2]
    pool = b.producer(indices)
    if pool is None or pool.op != "MaxPool" or pool.outputs[1:] != (indices,) or pool["storage_order"]:
        return None
    source = b.shape(pool.inputs[0])
    window = window_of(pool)
    apart = all(e <= s for e, s in zip(window.extents, window.strides, strict=True))
    if b.shape(node.name) != source or not apart:
        return None
    pads = needed_pads(pool, window, b)
    per_image = int(np.prod(source[2:]))
    images = (np.arange(source[0] * source[1]) * per_image).reshape(*source[:2], *(1,) * len(source[2:]))
    kind = np.dtype(np.float32 if int(np.prod(source)) <= EXACT else np.int64)
    within = b.add("Sub", b.cast(indices, kind), images.astype(kind))
    for axis, (size, stride, (before, _)) in enumerate(
        zip(source[2:], window.strides, pads, strict=True), start=2
    ):
        covering = np.minimum((np.arange(size) + before) // stride, b.shape(x)[axis] - 1)
        x, within = (b.add("Gather", v, covering.astype(np.int64), axis=axis) for v in (x, within))
    return b.add("Where", b.add("Equal", within, _places(source).astype(kind)), x, np.zeros((), b.dtype(x)))


def _places(source: tuple[int, ...]) -> Array:
    return np.arange(int(np.prod(source[2:])), dtype=np.int64).reshape(1, 1, *source[2:])


# Before MaxPool is rewritten, so that the indices can be traced to it.
PATTERNS = (Rule(name="max-unpool-of-max-pool", ops=("MaxUnpool",), apply=_of_max_pool),)
RULES = (Rule(name="max-unpool", ops=("MaxUnpool",), apply=_fixed),)
