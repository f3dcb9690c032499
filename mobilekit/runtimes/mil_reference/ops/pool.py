"""avg_pool, max_pool and l2_pool, window by window.

Source: iOS15 ``Pooling`` of the MIL operations' documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.windows import Window, integers, padding, windows

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("max_pool", exact=True)
def max_pool(call: Call) -> Array:
    """Maximum over each window of ``x`` [n, c, *spatial]; padding never wins."""
    return _pooled(call, call["x"], -np.inf, np.maximum)


@implements("l2_pool")
def l2_pool(call: Call) -> Array:
    """Root of the sum of squares over each window; padding counts as zeros."""
    return np.sqrt(_pooled(call, np.square(call["x"]), 0.0, np.add))


@implements("avg_pool")
def avg_pool(call: Call) -> Array:
    """Mean over each window; padding counts as zeros unless ``exclude_padding_from_average``.

    What hangs over the padding (``ceil_mode``) never counts, as in PyTorch, whose mode it is.
    """
    x = call["x"]
    total = _pooled(call, x, 0.0, np.add)
    leave_out = call.flag("exclude_padding_from_average")
    for i, (axis, (before, after), ceil) in enumerate(_axes(call, x)):
        count = axis.count(before, after, ceil=ceil)
        sizes = [_divisor(axis, before, after, window, leave_out=leave_out) for window in range(count)]
        shape = [count if j == i + 2 else 1 for j in range(x.ndim)]
        total = total / np.asarray(sizes, x.dtype).reshape(shape)
    return total


def _divisor(axis: Window, before: int, after: int, window: int, *, leave_out: bool) -> int:
    """How many elements of a window count: those of the data, and the padding's unless left out."""
    start = window * axis.stride - before
    first, last = (0, axis.size) if leave_out else (-before, axis.size + after)
    return max(1, min(start + axis.kernel, last) - max(start, first))


def _axes(call: Call, x: Array) -> list[tuple[Window, tuple[int, int], bool]]:
    ceil = call.flag("ceil_mode")
    kernel = integers(call["kernel_sizes"], [])
    axes = windows(x.shape[2:], kernel, integers(call["strides"], [1] * len(kernel)))
    pad = integers(call["pad"], [0] * 2 * len(kernel))
    around = padding(call.text("pad_type"), pad, axes)
    return [(axis, pads, ceil) for axis, pads in zip(axes, around, strict=True)]


def _pooled(call: Call, value: Array, outside: float, combine: Callable[[Array, Array], Array]) -> Array:
    """``combine`` over the windows, one axis after the other: both maximum and sum allow that."""
    for i, (axis, (before, after), ceil) in enumerate(_axes(call, value)):
        value = _along(value, i + 2, axis, axis.count(before, after, ceil=ceil), before, outside, combine)
    return value


def _along(
    value: Array,
    position: int,
    axis: Window,
    count: int,
    before: int,
    outside: float,
    combine: Callable[[Array, Array], Array],
) -> Array:
    reach = (count - 1) * axis.stride + axis.kernel
    after = max(0, reach - before - axis.size)
    if before or after:
        around = [(before, after) if i == position else (0, 0) for i in range(value.ndim)]
        value = np.pad(value, around, constant_values=outside)
    ahead = (slice(None),) * position
    parts = [
        value[(*ahead, slice(tap, tap + (count - 1) * axis.stride + 1, axis.stride))]
        for tap in range(axis.kernel)
    ]
    result = parts[0].copy() if len(parts) == 1 else combine(parts[0], parts[1])
    for part in parts[2:]:
        result = combine(result, part)
    return result
