"""Reductions along constant axes, running sums, and the places of extremes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation


def _reduce(op: Operation, mil_op: str, data: str, axes: str | None, keepdims: int, noop: int) -> None:
    chosen = op.integers(axes) if axes else []
    if noop or not chosen:
        op.refuse("a reduction over no or all axes is written out before it is emitted")
    if op.tensor_dtype(data).kind == "b":
        op.refuse("its elements are truth values")
    op.result(op.add(mil_op, x=op.input(data), axes=chosen, keep_dims=bool(keepdims)))


@lowers("ReduceMean", since=18)
def mean(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """``reduce_mean``."""
    if op.tensor_dtype(data).kind != "f":
        op.refuse("a mean of integers")
    _reduce(op, "reduce_mean", data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceSum", since=13)
def sum_(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """``reduce_sum``."""
    _reduce(op, "reduce_sum", data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceMax", since=18)
def max_(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """``reduce_max``."""
    _reduce(op, "reduce_max", data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceMin", since=18)
def min_(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """``reduce_min``."""
    _reduce(op, "reduce_min", data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceProd", since=18)
def prod(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """``reduce_prod``."""
    _reduce(op, "reduce_prod", data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceL1", since=18)
def l1(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """``reduce_l1_norm``."""
    _reduce(op, "reduce_l1_norm", data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceL2", since=18)
def l2(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """``reduce_l2_norm``."""
    _reduce(op, "reduce_l2_norm", data, axes, keepdims, noop_with_empty_axes)


@lowers("ReduceSumSquare", since=18)
def sum_square(
    op: Operation, data: str, axes: str | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
) -> None:
    """``reduce_sum_square``."""
    _reduce(op, "reduce_sum_square", data, axes, keepdims, noop_with_empty_axes)


@lowers("ArgMax", since=13)
def argmax(op: Operation, data: str, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> None:
    """``reduce_argmax``, the first of equals."""
    _arg(op, "reduce_argmax", data, axis, keepdims, select_last_index)


@lowers("ArgMin", since=13)
def argmin(op: Operation, data: str, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> None:
    """``reduce_argmin``, the first of equals."""
    _arg(op, "reduce_argmin", data, axis, keepdims, select_last_index)


def _arg(op: Operation, mil_op: str, data: str, axis: int, keepdims: int, last: int) -> None:
    if last:
        op.refuse("select_last_index is legalised before, not emitted")
    op.result(op.add(mil_op, x=op.input(data), axis=axis, keep_dims=bool(keepdims)))


@lowers("TopK", since=11)
def top_k(
    op: Operation,
    x: str,
    k: str,
    *,
    axis: int = -1,
    largest: int = 1,
    sorted: int = 1,  # noqa: A002, ARG001
) -> None:
    """``topk``, which always sorts."""
    (count,) = op.integers(k)
    values, indices = op.add("topk", x=op.input(x), k=count, axis=axis, ascending=not largest)
    if op.outputs[0]:
        op.result(values)
    if len(op.outputs) > 1 and op.outputs[1]:
        op.result(indices, 1)


@lowers("CumSum", since=14)
def cum_sum(op: Operation, x: str, axis: str, *, exclusive: int = 0, reverse: int = 0) -> None:
    """``cumsum``."""
    (along,) = op.integers(axis)
    var = op.add("cumsum", x=op.input(x), axis=along, exclusive=bool(exclusive), reverse=bool(reverse))
    op.result(var)
