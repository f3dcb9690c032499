"""Values put together and taken apart: concat, split, stack, tile, identity of ``tensor_operation.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("concat", exact=True)
def concat(call: Call) -> Array:
    """``values`` after one another along ``axis``; interleaved: the first of each, the second of each, …"""
    values, axis = call.many("values"), call.integer("axis")
    if not call.flag("interleave"):
        return np.concatenate(values, axis=axis)
    axis %= values[0].ndim
    stacked = np.stack(values, axis=axis + 1)
    shape = list(values[0].shape)
    shape[axis] *= len(values)
    return stacked.reshape(shape)


@implements("split", exact=True)
def split(call: Call) -> tuple[Array, ...]:
    """``x`` cut along ``axis`` into ``split_sizes``, else into ``num_splits`` equal parts."""
    x, axis, sizes = call["x"], call.integer("axis"), call.integers("split_sizes")
    count = call["num_splits"]
    if sizes is None:
        return tuple(np.split(x, call.integer("num_splits"), axis=axis))
    if sum(sizes) != x.shape[axis] or (count is not None and int(count) != len(sizes)):
        call.refuse(f"split_sizes {list(sizes)} of {x.shape[axis]} elements, num_splits {count}")
    return tuple(np.split(x, np.cumsum(sizes)[:-1], axis=axis))


@implements("stack", exact=True)
def stack(call: Call) -> Array:
    """``values`` along a new ``axis``."""
    return np.stack(call.many("values"), axis=call.integer("axis"))


@implements("tile", exact=True)
def tile(call: Call) -> Array:
    """``x`` repeated ``reps[i]`` times along axis i."""
    return np.tile(call["x"], call.integers("reps") or ())


@implements("identity", exact=True)
def identity(call: Call) -> Array:
    """``x``."""
    return call["x"]
