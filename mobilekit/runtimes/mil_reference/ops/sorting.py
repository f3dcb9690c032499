"""Order: argsort and topk (iOS15 to iOS17 ``tensor_operation.py``). Equal elements keep their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.types import carrier

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("argsort")
def argsort(call: Call) -> Array:
    """int32 indices that sort ``x`` along ``axis``, the largest first unless ``ascending``."""
    return _order(call["x"], call.integer("axis", -1), ascending=call.flag("ascending")).astype(np.int32)


@implements("topk", exact=True)
def topk(call: Call) -> Array | tuple[Array, Array]:
    """The ``k`` largest (``ascending``: smallest) elements along ``axis``, sorted, and their indices.

    Sorted whatever ``sort`` says: without it any order is right. k = −1 takes all (iOS17).
    """
    x, k, axis = call["x"], call.integer("k", 1), call.integer("axis", -1)
    call.ignore("sort")
    order = _order(x, axis, ascending=call.flag("ascending"))
    picked = np.take(order, np.arange(x.shape[axis] if k == -1 else k), axis=axis)
    values = np.take_along_axis(x, picked, axis=axis)
    dtype = call.text("output_indices_dtype", "int32")
    if not call.flag("return_indices", default=True):
        return values
    if dtype not in ("int32", "uint16"):
        call.refuse(f"output_indices_dtype {dtype!r}")
    return values, picked.astype(carrier(dtype))


def _order(x: Array, axis: int, *, ascending: bool) -> Array:
    if ascending:
        return np.argsort(x, axis=axis, kind="stable")
    # Sorted backwards from the end, so that of equal elements the first stays first.
    turned = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return np.flip(x.shape[axis] - 1 - turned, axis)
