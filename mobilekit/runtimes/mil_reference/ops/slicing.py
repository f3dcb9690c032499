"""Parts of tensors: iOS15, iOS17, iOS18 ``tensor_transformation.py``, what slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("slice_by_index", exact=True)
def slice_by_index(call: Call) -> Array:
    """``x``[begin:end:stride] as NumPy reads it, per axis."""
    x = call["x"]
    return np.asarray(x[_selection(call, x.ndim)])


@implements("slice_by_size", exact=True)
def slice_by_size(call: Call) -> Array:
    """``size`` elements from ``begin`` on, per axis; size −1: all that are left."""
    x, begin, size = call["x"], call.integers("begin") or (), call.integers("size") or ()
    parts = []
    for axis, (start, count) in enumerate(zip(begin, size, strict=True)):
        start = start + x.shape[axis] if start < 0 else start
        stop = x.shape[axis] if count == -1 else start + count
        if not 0 <= start <= stop <= x.shape[axis]:
            call.refuse(f"{count} elements from {start} on of {x.shape[axis]}")
        parts.append(slice(start, stop))
    return x[tuple(parts)]


@implements("slice_update", since="iOS18", exact=True)
def slice_update(call: Call) -> Array:
    """``x`` with x[begin:end:stride] replaced by ``update``, which has its shape."""
    x, update = call["x"].copy(), call["update"]
    selection = _selection(call, x.ndim)
    if x[selection].shape != update.shape:
        call.refuse(f"an update of shape {list(update.shape)} for a part of {list(x[selection].shape)}")
    x[selection] = update
    return x


def _selection(call: Call, rank: int) -> tuple[slice | int, ...]:
    begin, end = call.integers("begin") or (), call.integers("end") or ()
    stride = call.integers("stride") or (1,) * rank
    no_begin, no_end, index = (
        call.integers(name) or (0,) * rank for name in ("begin_mask", "end_mask", "squeeze_mask")
    )
    if not len(begin) == len(end) == len(stride) == rank:
        call.refuse(f"begin, end and stride of {len(begin)}, {len(end)} and {len(stride)} for rank {rank}")
    return tuple(
        (0 if no_begin[i] else begin[i])
        if index[i]
        else slice(None if no_begin[i] else begin[i], None if no_end[i] else end[i], stride[i])
        for i in range(rank)
    )
