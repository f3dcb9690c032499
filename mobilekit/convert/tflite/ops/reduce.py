"""Reductions over axes, positions of extremes, running sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.layout import Sides
    from mobilekit.convert.tflite.operation import Operation
    from mobilekit.convert.tflite.view import GraphView

_DATA = slice(0, 1)


def _attribute(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((a.i for a in node.attribute if a.name == name), default)


def _axes_of(view: GraphView, node: onnx.NodeProto) -> list[int]:
    rank = len(view.shapes[node.input[0]])
    if len(node.input) > 1 and node.input[1] in view.constants:
        return [int(a) % rank for a in view.constants[node.input[1]].reshape(-1)]
    return []


def _kept_sides(view: GraphView, node: onnx.NodeProto, axes: list[int]) -> Sides:
    """Dropping axes keeps the order of the others: channels stay last if they and a map remain."""
    rank = len(view.shapes[node.input[0]])
    if _attribute(node, "keepdims", 1):
        return ("any", "any")
    left = [axis for axis in range(rank) if axis not in axes]
    in_order = 1 not in left or len(left) < 3 or left == [0, 1]
    channels_second = left[:2] == [0, 1] and len(left) > 2
    if channels_second:
        return ("any", "any")
    return ("any", "onnx") if in_order and (1 not in left or left in ([0, 1], [1])) else ("onnx", "onnx")


def _reduce_sides(view: GraphView, node: onnx.NodeProto) -> Sides:
    return _kept_sides(view, node, _axes_of(view, node) or list(range(len(view.shapes[node.input[0]]))))


def _arg_sides(view: GraphView, node: onnx.NodeProto) -> Sides:
    rank = len(view.shapes[node.input[0]])
    return _kept_sides(view, node, [_attribute(node, "axis", 0) % rank])


def _reduce(op: Operation, kind: str, data: str, axes: str | None, keepdims: int, noop: int) -> None:
    op.require_kernel(data)
    rank = len(op.shape(data))
    chosen = op.integers(axes) if axes is not None else []
    if not chosen:
        if noop:
            op.refuse("noop_with_empty_axes without axes is removed before, not emitted")
        chosen = list(range(rank))
    places = sorted({op.axis(a, rank) for a in chosen})
    op.add(kind, (op.input(data), op.small(places)), (op.result(),), keepDims=bool(keepdims))


@lowers("ReduceMean", since=18, layout=_reduce_sides, int8="free", data=_DATA)
def reduce_mean(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """MEAN."""
    _reduce(op, "MEAN", data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceSum", since=13, layout=_reduce_sides, data=_DATA)
def reduce_sum(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """SUM."""
    _reduce(op, "SUM", data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceMax", since=18, layout=_reduce_sides, int8="same-scale", data=_DATA)
def reduce_max(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """REDUCE_MAX, REDUCE_ANY for booleans."""
    kind = "REDUCE_ANY" if op.dtype(data).kind == "b" else "REDUCE_MAX"
    _reduce(op, kind, data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceMin", since=18, layout=_reduce_sides, int8="same-scale", data=_DATA)
def reduce_min(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """REDUCE_MIN, REDUCE_ALL for booleans."""
    kind = "REDUCE_ALL" if op.dtype(data).kind == "b" else "REDUCE_MIN"
    _reduce(op, kind, data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceProd", since=18, layout=_reduce_sides, data=_DATA)
def reduce_prod(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """REDUCE_PROD."""
    _reduce(op, "REDUCE_PROD", data, axes, keepdims, noop_with_empty_axes)


def _arg(op: Operation, kind: str, data: str, axis: int, keepdims: int, select_last_index: int) -> None:
    """Counted in int32, as accelerators do, and then int64 as ONNX has it."""
    if select_last_index:
        op.refuse("select_last_index=1 is legalised before, not emitted")
    place = op.axis(axis, len(op.shape(data)))
    source, result = op.input(data), op.result()
    flat = [size for i, size in enumerate(op.tensor_shape(source)) if i != place]
    found = op.temporary(flat, dtype=np.int32)
    op.add(kind, (source, op.small(place)), (found,), outputType="int32")
    if keepdims:
        shape = op.tensor_shape(result)
        flat_found, found = found, op.temporary(shape, dtype=np.int32)
        op.add("RESHAPE", (flat_found, op.small(shape)), (found,), newShape=shape)
    op.add("CAST", (found,), (result,), inDataType="int32", outDataType="int64")


@lowers("ArgMax", since=13, layout=_arg_sides)
def arg_max(
    op: Operation, data: str, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0
) -> None:
    """ARG_MAX: the first of equal extremes."""
    _arg(op, "ARG_MAX", data, axis, keepdims, select_last_index)


@lowers("ArgMin", since=13, layout=_arg_sides)
def arg_min(
    op: Operation, data: str, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0
) -> None:
    """ARG_MIN: the first of equal extremes."""
    _arg(op, "ARG_MIN", data, axis, keepdims, select_last_index)


@lowers("CumSum", since=14, layout="any", data=_DATA)
def cum_sum(op: Operation, x: str, axis: str, *, exclusive: int = 0, reverse: int = 0) -> None:
    """CUMSUM."""
    op.require_kernel(x)
    place = op.axis(op.integers(axis)[0], len(op.shape(x)))
    op.add(
        "CUMSUM",
        (op.input(x), op.small(place)),
        (op.result(),),
        exclusive=bool(exclusive),
        reverse=bool(reverse),
    )


@lowers("TopK", since=11, layout="onnx", data=_DATA)
def top_k(op: Operation, x: str, k: str, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> None:  # noqa: A002
    """TOPK_V2 over the last axis; its 32-bit indices are cast to ONNX's 64."""
    del sorted  # TOPK_V2 sorts, which satisfies both
    if axis % len(op.shape(x)) != len(op.shape(x)) - 1 or not largest:
        op.refuse("axis other than the last, and largest=0, are legalised before, not emitted")
    values, indices = op.fused.node.output
    taken = op.result(values)
    narrow = op.temporary(op.tensor_shape(taken), dtype=_int32())
    op.add("TOPK_V2", (op.input(x), op.small(op.integers(k)[0])), (taken, narrow))
    op.add("CAST", (narrow,), (op.result(indices),), inDataType="int32", outDataType="int64")


def _int32() -> type:
    import numpy as np

    return np.int32
