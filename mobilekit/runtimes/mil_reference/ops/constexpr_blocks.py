"""Weights decompressed block by block, dense or sparse: the constexpr operations of iOS18.

A parameter smaller than the weights along an axis holds for blocks of equal length there. Sparse operations
give a mask of the weights' shape and the elements under it, in row-major order. Source: iOS18 ``compression``
of the MIL operations' documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("constexpr_blockwise_shift_scale", since="iOS18")
def constexpr_blockwise_shift_scale(call: Call) -> Array:
    """The result is scale * (data - offset), scale and offset per block."""
    return _shifted(call, call["data"])


@implements("constexpr_lut_to_dense", since="iOS18", exact=True)
def constexpr_lut_to_dense(call: Call) -> Array:
    """Each index becomes the vector of its block's table: ``lut`` [blocks..., entries, vector] along
    ``vector_axis``.
    """
    return _looked_up(call, call["indices"])


@implements("constexpr_sparse_to_dense", since="iOS18", exact=True)
def constexpr_sparse_to_dense(call: Call) -> Array:
    """The elements of ``nonzero_data`` where ``mask`` is 1, zeros elsewhere."""
    return _dense(call["nonzero_data"], call["mask"])


@implements("constexpr_lut_to_sparse", since="iOS18", exact=True)
def constexpr_lut_to_sparse(call: Call) -> tuple[Array, Array]:
    """:func:`constexpr_lut_to_dense` of sparse indices -> (mask, elements under it)."""
    mask = call["indices_mask"]
    values = _looked_up(call, _dense(call["indices_nonzero_data"], mask))
    vector, axis = call["lut"].shape[-1], call["vector_axis"]
    wider = mask if axis is None else np.repeat(mask, vector, axis=int(np.asarray(axis).reshape(())))
    return wider, values[wider == 1]


@implements("constexpr_sparse_blockwise_shift_scale", since="iOS18")
def constexpr_sparse_blockwise_shift_scale(call: Call) -> tuple[Array, Array]:
    """:func:`constexpr_blockwise_shift_scale` of sparse data -> (mask, elements under it)."""
    mask = call["data_mask"]
    values = _shifted(call, _dense(call["nonzero_data"], mask))
    return mask, values[mask == 1]


def _dense(elements: Array, mask: Array) -> Array:
    dense = np.zeros(mask.shape, elements.dtype)
    dense[mask == 1] = elements
    return dense


def _shifted(call: Call, data: Array) -> Array:
    scale, offset = call["scale"], call["offset"]
    values = data.astype(np.float32)
    if offset is not None:
        values = values - _per_element(offset.astype(np.float32), data.shape)
    result: Array = _per_element(np.asarray(scale, np.float32), data.shape) * values
    return result


def _per_element(parameter: Array, shape: tuple[int, ...]) -> Array:
    """A parameter per block as one per element."""
    for axis, (whole, blocks) in enumerate(zip(shape, parameter.shape, strict=True)):
        parameter = np.repeat(parameter, whole // blocks, axis=axis)
    return parameter


def _looked_up(call: Call, indices: Array) -> Array:
    table, axis = call["lut"], call["vector_axis"]
    places = [
        (np.arange(whole) // (whole // blocks)).reshape([-1 if i == j else 1 for j in range(indices.ndim)])
        for i, (whole, blocks) in enumerate(zip(indices.shape, table.shape, strict=False))
    ]
    vectors = table[(*places, indices.astype(np.int64))]
    if axis is None:
        return vectors[..., 0]
    along = int(np.asarray(axis).reshape(())) % indices.ndim
    shape = [size * table.shape[-1] if i == along else size for i, size in enumerate(indices.shape)]
    return np.moveaxis(vectors, -1, along + 1).reshape(shape)
