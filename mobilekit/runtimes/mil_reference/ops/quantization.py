"""quantize and dequantize. Source: iOS17 ``quantization_ops`` of the MIL operations' documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


_TYPES = {"int8": np.int8, "uint8": np.uint8}


@implements("quantize", since="iOS17")
def quantize(call: Call) -> Array:
    """clip(round(input / scale) + zero_point) as int8 or uint8; halves round to even."""
    dtype = call.text("output_dtype")
    if dtype not in _TYPES:
        call.refuse(f"output_dtype {dtype!r}; expected int8 or uint8")
    x = call["input"]
    steps = np.rint(x / _broadcast(call, "scale", x)) + _broadcast(call, "zero_point", x)
    limits = np.iinfo(_TYPES[dtype])
    return np.clip(steps, limits.min, limits.max).astype(_TYPES[dtype])


@implements("dequantize", since="iOS17")
def dequantize(call: Call) -> Array:
    """The result is scale * (input - zero_point)."""
    x = call["input"].astype(np.float32)
    return _broadcast(call, "scale", x) * (x - _broadcast(call, "zero_point", x))


def _broadcast(call: Call, name: str, x: Array) -> Array:
    """A scalar, or a vector along ``axis``, as float32; 0 where it is absent."""
    value, axis = call[name], call["axis"]
    if value is None:
        return np.zeros((), np.float32)
    if value.ndim == 0:
        return np.asarray(value, np.float32)
    along = int(np.asarray(axis).reshape(())) % x.ndim
    return value.astype(np.float32).reshape([-1 if i == along else 1 for i in range(x.ndim)])
