"""Tensors made and measured: iOS15, iOS16 ``tensor_operation.py`` without what moves, sorts or suppresses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.types import carrier

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("band_part", exact=True)
def band_part(call: Call) -> Array:
    """The innermost matrix m×n with zeros outside the band m − n ≤ lower and n − m ≤ upper."""
    x, lower, upper = call["x"], call.integer("lower", -1), call.integer("upper", -1)
    m, n = np.ogrid[: x.shape[-2], : x.shape[-1]]
    band = ((lower < 0) | (m - n <= lower)) & ((upper < 0) | (n - m <= upper))
    return np.where(band, x, x.dtype.type(0))


@implements("cumsum")
def cumsum(call: Call) -> Array:
    """Running sums along ``axis``; exclusive: without the element itself; reverse: from the end."""
    x, axis = call["x"], call.integer("axis", 0)
    reverse = call.flag("reverse")
    turned = np.flip(x, axis) if reverse else x
    total = np.cumsum(turned, axis=axis, dtype=np.float64 if x.dtype.kind == "f" else None)
    if call.flag("exclusive"):
        total = total - turned
    return (np.flip(total, axis) if reverse else total).astype(x.dtype)


@implements("fill", exact=True)
def fill(call: Call) -> Array:
    """A tensor of ``shape`` full of ``value`` (0 if absent)."""
    return np.full(call.integers("shape") or (), call.get("value", 0), carrier(call.output_dtype))


@implements("fill_like", since="iOS16", exact=True)
def fill_like(call: Call) -> Array:
    """A tensor of the shape of ``ref_tensor`` full of ``value``, of the type of ``value``."""
    return np.full(call["ref_tensor"].shape, call.get("value", 0), carrier(call.output_dtype))


@implements("non_zero")
def non_zero(call: Call) -> Array:
    """[N, rank] indices of the elements that are not 0, in order."""
    return np.argwhere(call["x"]).astype(np.int32)


@implements("one_hot", exact=True)
def one_hot(call: Call) -> Array:
    """``on_value`` at ``indices`` of a new ``axis`` of ``one_hot_vector_size``, ``off_value`` elsewhere."""
    indices, size, axis = call["indices"], call.integer("one_hot_vector_size"), call.integer("axis", -1)
    on, off = call.get("on_value", 1), call.get("off_value", 0)
    axis %= indices.ndim + 1
    places = np.arange(size).reshape(-1, *[1] * (indices.ndim - axis))
    hot = np.expand_dims(indices, axis) == places
    return np.where(hot, on, off).astype(carrier(call.output_dtype))


@implements("range_1d")
def range_1d(call: Call) -> Array:
    """start, start + step, … below end: ⌈(end − start) / step⌉ numbers."""
    start, end, step = (np.asarray(call[name]).reshape(()) for name in ("start", "end", "step"))
    if start.dtype.kind != "f":
        return np.arange(int(start), int(end), int(step)).astype(start.dtype)
    count = max(0, math.ceil((float(end) - float(start)) / float(step)))
    return (float(start) + np.arange(count) * float(step)).astype(np.float32)


@implements("shape")
def shape(call: Call) -> Array:
    """The sizes of the axes of ``x``."""
    return np.array(call["x"].shape, carrier(call.output_dtype))


@implements("flatten2d", exact=True)
def flatten2d(call: Call) -> Array:
    """The axes before ``axis`` as one, those from it on as the other."""
    x, axis = call["x"], call.integer("axis", 1)
    axis = axis + x.ndim if axis < 0 else axis
    return x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))
