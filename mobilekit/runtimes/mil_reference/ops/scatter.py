"""scatter, scatter_along_axis, scatter_nd. Sources: iOS15 and iOS17 ``scatter_gather`` of the documentation.

An index that occurs twice is applied twice, in order. ``mode`` is ``add`` where it is not written, which is
what the definitions' default says (their text says ``update``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.indices import within
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


_MODES: Final[Mapping[str, np.ufunc]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "max": np.maximum,
    "min": np.minimum,
}


@implements("scatter")
def scatter(call: Call) -> Array:
    """``updates`` slices at ``indices`` [n] of ``axis`` of ``data``."""
    data = call["data"]
    axis = call.integer("axis", 0) % data.ndim
    indices = within(call, call["indices"], data.shape[axis])
    return _scattered(call, (*(slice(None),) * axis, indices))


@implements("scatter_along_axis")
def scatter_along_axis(call: Call) -> Array:
    """Element by element: ``indices`` and ``updates`` have one shape, of the rank of ``data``."""
    data = call["data"]
    axis = call.integer("axis", 0) % data.ndim
    indices = within(call, call["indices"], data.shape[axis])
    places: list[Any] = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    places[axis] = indices
    return _scattered(call, tuple(places))


@implements("scatter_nd")
def scatter_nd(call: Call) -> Array:
    """``updates`` slices at the tuples in the last axis of ``indices``."""
    data = call["data"]
    depth = call["indices"].shape[-1]
    indices = within(call, call["indices"], np.asarray(data.shape[:depth]))
    return _scattered(call, tuple(np.moveaxis(indices, -1, 0)))


def _scattered(call: Call, places: tuple[Any, ...]) -> Array:
    """``data`` with ``updates`` at ``places``. Integers divide towards zero, as integers do in C."""
    data, updates, mode = call["data"], call["updates"], call.text("mode", "add")
    integral = data.dtype.kind in "iub"
    result = data.astype(np.float64) if mode == "div" and integral else data.copy()
    if mode == "update":
        result[places] = updates
    elif mode in _MODES:
        _MODES[mode].at(result, places, updates)
    else:
        call.refuse(f"mode {mode!r}; expected update, {', '.join(_MODES)}")
    return np.trunc(result).astype(data.dtype) if mode == "div" and integral else result
