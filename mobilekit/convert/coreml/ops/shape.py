"""Shapes, orders and pieces: reshapes, transposes, slices, joins, pads and repetition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.coreml.emitter import held_shape
from mobilekit.convert.coreml.ops.conv import interleaved
from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation

_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}


@lowers("Reshape", since=14)
def reshape(op: Operation, data: str, shape: str, *, allowzero: int = 0) -> None:  # noqa: ARG001
    """``reshape`` to the shape of the result; a scalar is ``squeeze``."""
    op.constant(shape)
    op.result(reshaped(op, op.input(data), held_shape(op.shape(op.outputs[0]))))


def reshaped(op: Operation, var: Any, shape: tuple[int, ...]) -> Any:
    """``var`` in another shape; MIL's reshape makes no scalars."""
    if shape:
        return op.add("reshape", x=var, shape=list(shape))
    return op.add("squeeze", x=var) if var.shape else op.add("identity", x=var)


@lowers("Transpose", since=13)
def transpose(op: Operation, data: str, *, perm: Sequence[int] = ()) -> None:
    """``transpose``."""
    order = list(perm) or list(reversed(range(len(op.shape(data)))))
    op.result(op.add("transpose", x=op.input(data), perm=order))


@lowers("Concat", since=13)
def concat(op: Operation, *inputs: str, axis: int) -> None:
    """``concat``."""
    op.result(op.add("concat", values=[op.input(v) for v in inputs], axis=axis))


@lowers("Slice", since=13)
def slice_(
    op: Operation, data: str, starts: str, ends: str, axes: str | None = None, steps: str | None = None
) -> None:
    """``slice_by_index``; ends before the first cell, which no number says, are masked."""
    shape = op.shape(data)
    first, last = op.integers(starts), op.integers(ends)
    along = op.integers(axes) if axes else list(range(len(first)))
    step = op.integers(steps) if steps else [1] * len(first)
    begin, end, stride = [0] * len(shape), list(shape), [1] * len(shape)
    begin_mask, end_mask = [True] * len(shape), [True] * len(shape)
    for axis, lo, hi, by in zip(along, first, last, step, strict=True):
        size = shape[axis]
        begin[axis], stride[axis] = lo, by
        begin_mask[axis] = False
        is_open = hi < -size if by < 0 else hi >= size
        end[axis], end_mask[axis] = (0 if is_open else hi), is_open
    var = op.add(
        "slice_by_index",
        x=op.input(data),
        begin=begin,
        end=end,
        stride=stride,
        begin_mask=np.array(begin_mask),
        end_mask=np.array(end_mask),
    )
    op.result(var)


@lowers("Split", since=18)
def split(
    op: Operation,
    input: str,  # noqa: A002
    split: str | None = None,
    *,
    axis: int = 0,
    num_outputs: int = 0,  # noqa: ARG001
) -> None:
    """``split`` by constant sizes."""
    if split is None:
        op.refuse("sizes are written out before it is emitted")
    sizes = op.integers(split)
    if len(sizes) == 1:
        op.result(op.add("identity", x=op.input(input)))
        return
    parts = op.add("split", x=op.input(input), split_sizes=sizes, axis=axis)
    for index, part in enumerate(parts):
        op.result(part, index)


@lowers("Pad", since=18)
def pad(
    op: Operation,
    data: str,
    pads: str,
    constant_value: str | None = None,
    axes: str | None = None,
    *,
    mode: str = "constant",
) -> None:
    """``pad``; integers, which MIL does not pad, are joined with constants."""
    if axes is not None or mode not in _MODES:
        op.refuse("axes and wrap are legalised before, not emitted")
    listed = op.integers(pads)
    number = op.constant(constant_value).item() if constant_value else 0
    if op.tensor_dtype(data).kind == "f":
        given = {"constant_val": float(number)} if mode == "constant" else {}
        order = _trimmed(interleaved(listed))
        op.result(op.add("pad", x=op.input(data), pad=order, mode=_MODES[mode], **given))
        return
    if mode != "constant":
        op.refuse(f"mode {mode} of {op.tensor_dtype(data).name}")
    op.result(_joined(op, data, listed, number))


def _trimmed(pads: list[int]) -> list[int]:
    """Without the leading axes that stay: MIL's pads are those of the last axes."""
    while len(pads) > 2 and not pads[0] and not pads[1]:
        pads = pads[2:]
    return pads


def _joined(op: Operation, data: str, pads: list[int], number: float) -> Any:
    var, shape = op.input(data), list(op.shape(data))
    dtype = np.bool_ if op.tensor_dtype(data).kind == "b" else np.int32
    for axis, (before, after) in enumerate(zip(pads[: len(shape)], pads[len(shape) :], strict=True)):
        head, tail = (
            [op.const(np.full([*shape[:axis], n, *shape[axis + 1 :]], number, dtype))] if n else []
            for n in (before, after)
        )
        if head or tail:
            var = op.add("concat", values=[*head, var, *tail], axis=axis)
        shape[axis] += before + after
    return var


@lowers("Expand", since=13)
def expand(op: Operation, input: str, shape: str) -> None:  # noqa: A002
    """``tile`` along the axes of one cell."""
    op.constant(shape)
    _tiled(op, input)


@lowers("Tile", since=13)
def tile(op: Operation, input: str, repeats: str) -> None:  # noqa: A002
    """``tile``."""
    op.constant(repeats)
    _tiled(op, input)


def _tiled(op: Operation, name: str) -> None:
    """Repetition as often as the result's shape says; an expanded scalar is first a tensor."""
    given, wanted = op.shape(name), op.shape(op.outputs[0])
    var = op.input(name)
    lifted = (1,) * (len(wanted) - len(given)) + given
    if lifted != given:
        var = op.add("expand_dims", x=var, axes=list(range(len(wanted) - len(given))))
    reps = [out // size for size, out in zip(lifted, wanted, strict=True)]
    op.result(op.add("tile", x=var, reps=reps) if reps else op.add("identity", x=var))
