"""Weights decompressed when a program is loaded: the constexpr operations of iOS16.

Bits are packed from the least significant one of each byte, an element that does not fit into a byte
continuing in the next. Source: iOS16 ``constexpr_ops`` of the MIL operations' documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("constexpr_affine_dequantize", since="iOS16")
def constexpr_affine_dequantize(call: Call) -> Array:
    """The result is scale * (quantized_data - zero_point), these numbers, or vectors along ``axis``."""
    data, axis = call["quantized_data"].astype(np.float32), call.integer("axis", 0)
    shape = [-1 if i == axis % data.ndim else 1 for i in range(data.ndim)]
    scale, zero = (np.asarray(call[name], np.float32) for name in ("scale", "zero_point"))
    scale, zero = (value.reshape(shape) if value.ndim else value for value in (scale, zero))
    result: Array = scale * (data - zero)
    return result


@implements("constexpr_cast", since="iOS16")
def constexpr_cast(call: Call) -> Array:
    """fp16 as fp32."""
    if call.text("output_dtype") != "fp32":
        call.refuse(f"output_dtype {call.text('output_dtype')!r}; expected fp32")
    return np.asarray(call["source_val"], np.float32)


@implements("constexpr_lut_to_dense", since="iOS16", exact=True)
def constexpr_lut_to_dense(call: Call) -> Array:
    """Element i of ``shape`` is ``lut`` [2 ** bits] at the i-th of the packed ``indices``."""
    table, shape = call["lut"], call.integers("shape") or ()
    bits = int(table.size).bit_length() - 1
    return table[_unpacked(call["indices"], bits, int(np.prod(shape)))].reshape(shape)


@implements("constexpr_sparse_to_dense", since="iOS16", exact=True)
def constexpr_sparse_to_dense(call: Call) -> Array:
    """The elements of ``nonzero_data`` where ``mask`` has a bit, zeros elsewhere."""
    data, shape = call["nonzero_data"], call.integers("shape") or ()
    dense = np.zeros(int(np.prod(shape)), data.dtype)
    dense[_unpacked(call["mask"], 1, dense.size) == 1] = data
    return dense.reshape(shape)


def _unpacked(packed: Array, bits: int, count: int) -> Array:
    """``count`` numbers of ``bits`` bits each."""
    stream = np.unpackbits(packed.reshape(-1).view(np.uint8), bitorder="little")[: count * bits]
    places = 1 << np.arange(bits)
    numbers: Array = stream.reshape(count, bits).astype(np.int64) @ places
    return numbers
