"""Conversion between element types: iOS15 and iOS17 ``elementwise_unary.cast``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.types import FLOATS, carrier

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_FROM_IOS15 = ("bool", "fp16", "fp32", "int32")
_FROM_IOS17 = (*_FROM_IOS15, "int8", "uint8", "int16", "uint16")


@implements("cast")
def cast(call: Call) -> Array:
    """``x`` as ``dtype``: floats are cut towards zero, anything but 0 is true.

    Numbers that the integer type cannot hold are refused: Apple documents no result for them.
    """
    x, dtype = call["x"], call.text("dtype")
    if dtype not in (_FROM_IOS17 if call.opset >= 17 else _FROM_IOS15):
        call.refuse(f"dtype {dtype!r}")
    if dtype in FLOATS or dtype == "bool" or x.dtype.kind == "b":
        return x.astype(carrier(dtype), copy=False)
    return _as_integers(call, x, np.dtype(carrier(dtype)))


def _as_integers(call: Call, x: Array, wanted: np.dtype[Any]) -> Array:
    if x.size and not np.can_cast(x.dtype, wanted):
        limits = np.iinfo(wanted)
        least, most = float(np.trunc(x.min())), float(np.trunc(x.max()))
        # Written so that NaN is refused too.
        if not (limits.min <= least and most <= limits.max):
            call.refuse(f"values from {least:g} to {most:g} as {wanted}: no result is documented")
    return x.astype(wanted, copy=False)
