"""Reading and writing rows by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.layout import Sides
    from mobilekit.convert.tflite.operation import Operation
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.tensors import Array

_DATA = slice(0, 1)


def _gather_sides(view: GraphView, node: onnx.NodeProto) -> Sides:
    return ("any", "any") if len(view.shapes[node.input[1]]) == 1 else ("onnx", "onnx")


@lowers("Gather", since=13, layout=_gather_sides, int8="same-scale", data=_DATA)
def gather(op: Operation, data: str, indices: str, *, axis: int = 0) -> None:
    """GATHER; negative constant indices count from the end.

    A channel shuffle over the last axis of the file's tensor is a small transpose, which is faster.
    """
    shape = op.shape(data)
    source = op.input(data)
    place = op.axis(axis, len(shape))
    if not op.is_constant(indices):
        picked = op.input(indices, quantised=False)
        op.add("GATHER", (source, picked), (op.result(),), axis=place, batchDims=0)
        return
    chosen = op.constant(indices)
    chosen = np.where(chosen < 0, chosen + shape[axis % len(shape)], chosen)
    rows = _shuffle_rows(chosen)
    if rows and place == len(shape) - 1:
        _shuffle(op, source, rows, chosen.size // rows)
        return
    op.add("GATHER", (source, op.small(chosen)), (op.result(),), axis=place, batchDims=0)


def _shuffle_rows(chosen: Array) -> int:
    """``r`` if ``chosen`` reads the columns of ``r`` rows in turn (a channel shuffle), else 0."""
    if chosen.ndim != 1 or chosen.size < 4 or chosen[0] != 0:
        return 0
    step = int(chosen[1])
    if step < 2 or chosen.size % step:
        return 0
    expected = np.arange(chosen.size).reshape(-1, step).T.reshape(-1)
    return chosen.size // step if np.array_equal(chosen, expected) else 0


def _shuffle(op: Operation, source: int, rows: int, columns: int) -> None:
    leading = int(np.prod(op.tensor_shape(source)[:-1]))
    parted = op.temporary((leading, rows, columns), like=source)
    turned = op.temporary((leading, columns, rows), like=source)
    op.add(
        "RESHAPE", (source, op.small((leading, rows, columns))), (parted,), newShape=(leading, rows, columns)
    )
    op.add("TRANSPOSE", (parted, op.small((0, 2, 1))), (turned,))
    result = op.result()
    shape = op.tensor_shape(result)
    op.add("RESHAPE", (turned, op.small(shape)), (result,), newShape=shape)


@lowers("ScatterND", since=18, layout="onnx", data=slice(2, 3))
def scatter_nd(op: Operation, data: str, indices: str, updates: str, *, reduction: str = "none") -> None:
    """SCATTER_ND, which adds into zeros; its positions are 32-bit."""
    if reduction != "add" or op.constant(data).any():
        op.refuse("anything but additions to zeros is legalised before, not emitted")
    shape = op.shape(data)
    places = op.small(op.constant(indices)) if op.is_constant(indices) else _narrow(op, indices)
    op.add("SCATTER_ND", (places, op.input(updates), op.small(shape)), (op.result(),))


def _narrow(op: Operation, value: str) -> int:
    """A runtime value as int32."""
    source = op.input(value, quantised=False)
    dtype = op.emitter.builder.tensors[source].dtype
    if dtype == np.int32:
        return source
    result = op.temporary(op.tensor_shape(source), dtype=np.int32)
    op.add("CAST", (source,), (result,), inDataType=dtype.name, outDataType="int32")
    return result
