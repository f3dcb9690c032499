"""Weights in fewer bits: eight bits per channel, or indices into a palette.

The weights of a package are decompressed when it is loaded, by MIL's own ``constexpr`` operators. The
tables are computed here and written with the program: coremltools.optimize would run coremltools'
default passes over the saved one, which rename values, and move the float32 islands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from mobilekit.errors import UsageError
from mobilekit.target import COMPRESSING
from mobilekit.tier import Compression

if TYPE_CHECKING:
    from mobilekit.tensors import Array

CHANNELS: Mapping[str, int] = MappingProxyType({"Conv": 0, "ConvTranspose": 1, "Gemm": 0, "MatMul": -1})
"""Operators whose constants are weights, and the axis of their output channels."""

_LEAST = 2048
"""Elements of a tensor that is worth it: smaller ones cost more in accuracy than they save."""
_BITS = {"palette6": 6, "palette4": 4}
_ROUNDS = 50


def check_opset(compression: Compression, opset: str) -> None:
    """Raises UsageError where ``opset`` has no operators for this."""
    if compression not in get_args(Compression):
        message = f"no compression {compression!r}"
        raise UsageError(message, hint=f"it can be {', '.join(get_args(Compression))}")
    if compression != "none" and opset not in COMPRESSING:
        known = " and ".join(COMPRESSING)
        message = f"weights compressed to {compression} are written for {known}, not for {opset}"
        raise UsageError(message, hint="devices with a later iOS load packages of iOS17 too")


def is_weight(array: Array) -> bool:
    """Whether ``array`` is what compression is for: float, large, and no matrix that is mostly zeros.

    Such a matrix resamples: its few numbers are exact and must stay so.
    """
    if array.dtype.kind != "f" or array.ndim < 2 or array.size < _LEAST:
        return False
    return bool(np.isfinite(array).all()) and 2 * int(np.count_nonzero(array)) > array.size


def compressed(
    builder: Any, array: Array, label: str, how: Compression, *, axis: int, take: Callable[[str], str]
) -> Any:
    """The Var called ``label`` that holds ``array`` nearly; its operands are named through ``take``."""

    def const(value: Any, what: str) -> Any:
        return builder.const(val=value, name=take(f"{label}_{what}"))

    if how == "int8":
        axis %= array.ndim
        integers, scale = eight_bits(array, axis=axis)
        return builder.constexpr_affine_dequantize(
            quantized_data=const(integers, "int8"),
            zero_point=const(np.int8(0), "zero"),
            scale=const(scale, "scale"),
            axis=const(np.int32(axis), "axis"),
            name=label,
        )
    bits = _BITS[how]
    table, indices = palette(array, bits=bits)
    return builder.constexpr_lut_to_dense(
        indices=const(packed(indices, bits=bits), "indices"),
        lut=const(table, "palette"),
        shape=const(np.array(array.shape, np.uint32), "shape"),
        name=label,
    )


def eight_bits(array: Array, *, axis: int) -> tuple[Array, Array]:
    """``(integers, scale)`` with ``array`` near ``integers * scale``, a scale per channel along ``axis``."""
    others = tuple(i for i in range(array.ndim) if i != axis)
    most = np.abs(array.astype(np.float64)).max(axis=others)
    scale = (most / 127.0).astype(array.dtype)
    scale = np.where(scale > 0, scale, np.ones_like(scale))
    shape = [-1 if i == axis else 1 for i in range(array.ndim)]
    integers = np.rint(array.astype(np.float64) / scale.astype(np.float64).reshape(shape))
    return np.clip(integers, -127, 127).astype(np.int8), scale


def palette(array: Array, *, bits: int) -> tuple[Array, Array]:
    """``(table, indices)``: the ``2 ** bits`` values nearest to all elements in the least squares, sorted.

    One-dimensional k-means from the quantiles on; the same for the same elements.
    """
    count = 1 << bits
    values = np.sort(array.astype(np.float64), axis=None)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    distinct = np.unique(values)
    if distinct.size <= count:
        centers = np.concatenate([distinct, np.full(count - distinct.size, distinct[-1])])
    else:
        centers = np.quantile(values, (np.arange(count) + 0.5) / count)
        for _ in range(_ROUNDS):
            edges = np.searchsorted(values, (centers[1:] + centers[:-1]) / 2)
            ends = np.concatenate([[0], edges, [values.size]])
            held = np.diff(ends)
            means = np.diff(sums[ends]) / np.maximum(held, 1)
            moved = np.sort(np.where(held > 0, means, centers))
            if np.array_equal(moved, centers):
                break
            centers = moved
    table = centers.astype(array.dtype)
    exact = table.astype(np.float64)
    return table, np.searchsorted((exact[1:] + exact[:-1]) / 2, array.astype(np.float64).reshape(-1))


def packed(indices: Array, *, bits: int) -> Array:
    """``indices`` of ``bits`` bits each as bytes, from the least significant bit on."""
    single = (indices.reshape(-1, 1) >> np.arange(bits)) & 1
    return np.packbits(single.astype(np.uint8).reshape(-1), bitorder="little")
