"""Moving data without computing: reshape, transpose, slice, split, concatenate, pad, repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.optable import lowers
from mobilekit.convert.tflite.layout import moves_nothing, permutation

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.layout import Sides
    from mobilekit.convert.tflite.operation import Operation
    from mobilekit.convert.tflite.view import GraphView

_DATA = slice(0, 1)
_MOST_SPLIT_AXES = 6  # XNNPACK claims a SPLIT of more, and then fails to prepare it
_MOST_EQUAL_PARTS = 4  # that XNNPACK takes; its SPLIT is twice as fast as SPLIT_V


def _reshape_sides(view: GraphView, node: onnx.NodeProto) -> Sides:
    """A Reshape that keeps batch and channels works on channels-last tensors as well."""
    before, after = view.shapes[node.input[0]], view.shapes[node.output[0]]
    keeps = len(before) > 2 and len(after) > 2 and before[:2] == after[:2]
    return ("any", "any") if keeps else ("onnx", "onnx")


@lowers("Reshape", since=14, layout=_reshape_sides, int8="same-scale", data=_DATA)
def reshape(op: Operation, data: str, shape: str, *, allowzero: int = 0) -> None:
    """RESHAPE to the shape that inference found."""
    del shape, allowzero
    source = op.input(data)
    result = op.result()
    target = op.tensor_shape(result)
    op.add("RESHAPE", (source, op.small(target)), (result,), newShape=target)


def _transpose_sides(view: GraphView, node: onnx.NodeProto) -> Sides:
    """The exporter's own NCHW-NHWC transposes are where two layouts meet: they cost nothing."""
    perm = _perm_of(view, node)
    rank = len(perm)
    if rank > 2 and perm == permutation(rank, channels_last=True):
        return ("channels_last", "onnx")
    if rank > 2 and perm == (0, rank - 1, *range(1, rank - 1)):
        return ("onnx", "channels_last")
    return ("onnx", "onnx")


def _perm_of(view: GraphView, node: onnx.NodeProto) -> tuple[int, ...]:
    given = next((tuple(a.ints) for a in node.attribute if a.name == "perm"), None)
    return given or tuple(reversed(range(len(view.shapes[node.input[0]]))))


@lowers("Transpose", since=13, layout=_transpose_sides, int8="same-scale")
def transpose(op: Operation, data: str, *, perm: Sequence[int] | None = None) -> None:
    """TRANSPOSE composed with both layouts; nothing at all where they cancel."""
    rank = len(op.shape(data))
    perm = tuple(perm) if perm is not None else tuple(reversed(range(rank)))
    out_order = permutation(rank, channels_last=op.writes)
    wanted = tuple(perm[axis] for axis in out_order)  # the input axes in the output's file order
    known = [f.order for f in op.emitter.forms.get(data, {}) if f.storage == op.storage]
    in_order = wanted if wanted in known else (known[0] if known else op.order(rank))
    source = op.input(data, order=in_order)
    if in_order == wanted:
        op.alias(source, op.output, out_order)
        return
    axes = [in_order.index(axis) for axis in wanted]
    free = moves_nothing(op.tensor_shape(source), axes)
    op.emitter.rearrange(source, op.result(order=out_order), axes, free=free)


@lowers("Concat", since=13, layout="any", int8="same-scale")
def concat(op: Operation, *inputs: str, axis: int = 0) -> None:
    """CONCATENATION; empty inputs add nothing."""
    rank = len(op.shape(op.output))
    sources = [op.input(v) for v in inputs if 0 not in op.shape(v)]
    place = op.axis(axis, rank)
    op.add("CONCATENATION", sources, (op.result(),), axis=place, fusedActivationFunction="NONE")


@lowers("Slice", since=13, layout="any", int8="same-scale", data=_DATA)
def slice_(
    op: Operation, data: str, starts: str, ends: str, axes: str | None = None, steps: str | None = None
) -> None:
    """SLICE for steps of one, else STRIDED_SLICE; what goes backwards is cut forwards, then REVERSE_V2.

    Reversing takes a quarter of the time of a backward STRIDED_SLICE, which no GPU takes.
    """
    shape = op.shape(data)
    rank = len(shape)
    chosen = op.integers(axes) if axes is not None else list(range(len(op.integers(starts))))
    strides = op.integers(steps) if steps is not None else [1] * len(chosen)
    spans = [range(size) for size in shape]
    for axis, start, end, step in zip(chosen, op.integers(starts), op.integers(ends), strides, strict=True):
        spans[axis % rank] = range(*slice(start, end, step).indices(shape[axis % rank]))
    ordered = [spans[axis] for axis in op.order(rank)]
    backward = [i for i, span in enumerate(ordered) if span.step < 0 and len(span) > 1]
    forward = [span[::-1] if span.step < 0 else span for span in ordered]
    source, result = op.input(data), op.result()
    sizes = op.tensor_shape(source)
    if not backward or any(list(span) != list(range(n)) for span, n in zip(forward, sizes, strict=True)):
        target = op.temporary(op.tensor_shape(result), like=result) if backward else result
        _forward_slice(op, source, forward, target)
        source = target
    for count, axis in enumerate(backward, start=1):
        last = count == len(backward)
        target = result if last else op.temporary(op.tensor_shape(result), like=result)
        op.add("REVERSE_V2", (source, op.small([axis])), (target,))
        source = target


def _forward_slice(op: Operation, source: int, spans: Sequence[range], target: int) -> None:
    begins, sizes = [span.start if len(span) else 0 for span in spans], [len(span) for span in spans]
    if all(span.step == 1 or len(span) < 2 for span in spans):
        op.add("SLICE", (source, op.small(begins), op.small(sizes)), (target,))
        return
    ends = [span[-1] + 1 if len(span) else 0 for span in spans]
    operands = [op.small(values) for values in (begins, ends, [span.step for span in spans])]
    masks = dict.fromkeys(("beginMask", "endMask", "ellipsisMask", "newAxisMask", "shrinkAxisMask"), 0)
    op.add("STRIDED_SLICE", (source, *operands), (target,), **masks)


@lowers("Split", since=18, layout="any", int8="same-scale", data=_DATA)
def split(
    op: Operation,
    input: str,  # noqa: A002
    split: str | None = None,
    *,
    axis: int = 0,
    num_outputs: int | None = None,
) -> None:
    """SPLIT into a few equal parts, which XNNPACK and every NPU take, else SPLIT_V."""
    del split, num_outputs  # the outputs' shapes say how large each part is
    rank = len(op.shape(input))
    outputs = [name for name in op.fused.node.output if name]
    sizes = [op.shape(name)[axis % rank] for name in outputs]
    if len(outputs) != len(op.fused.node.output):
        op.refuse("an omitted output hides the size of its part")
    equal = len(set(sizes)) == 1 and 2 <= len(sizes) <= _MOST_EQUAL_PARTS
    if equal and op.dtype(input).kind == "f" and rank <= _MOST_SPLIT_AXES:
        place = op.small(op.axis(axis, rank))
        op.add("SPLIT", (place, op.input(input)), [op.result(o) for o in outputs], numSplits=len(outputs))
        return
    operands = (op.input(input), op.small(sizes), op.small(op.axis(axis, rank)))
    op.add("SPLIT_V", operands, [op.result(name) for name in outputs], numSplits=len(outputs))


@lowers("Pad", since=21, layout="any", int8="same-scale", data=_DATA)
def pad(
    op: Operation,
    data: str,
    pads: str,
    constant_value: str | None = None,
    axes: str | None = None,
    *,
    mode: str = "constant",
) -> None:
    """PAD with zeros, PADV2 with another constant."""
    rank = len(op.shape(data))
    amounts = op.integers(pads)
    if mode != "constant" or min(amounts, default=0) < 0:
        op.refuse("pad modes and negative pads are legalised before, not emitted")
    chosen = [a % rank for a in op.integers(axes)] if axes is not None else list(range(rank))
    pairs = [(0, 0)] * rank
    for place, axis in enumerate(chosen):
        pairs[axis] = (amounts[place], amounts[place + len(chosen)])
    value = 0 if constant_value is None else op.constant(constant_value).reshape(()).item()
    operand = op.small(np.array([pairs[axis] for axis in op.order(rank)]))
    source = op.input(data)
    if not value:
        op.add("PAD", (source, operand), (op.result(),))
        return
    if op.quantised:
        filler = op.quantise(f"{op.output}/value", np.array([value], np.float32))
    else:
        filler = op.small([value], dtype=op.emitter.builder.tensors[source].dtype.type)
    op.add("PADV2", (source, operand, filler), (op.result(),))


@lowers("Expand", since=13, layout="any", data=_DATA)
def expand(op: Operation, input: str, shape: str) -> None:  # noqa: A002
    """TILE, a hundred times as fast as BROADCAST_TO; that only for tensors without elements."""
    del shape
    rank = len(op.shape(op.output))
    if len(op.shape(input)) != rank:
        op.refuse("an input of lower rank is reshaped before, not emitted")
    source, result = op.input(input), op.result()
    target = op.tensor_shape(result)
    if 0 in target:
        op.add("BROADCAST_TO", (source, op.small(target)), (result,))
        return
    counts = [o // i for o, i in zip(target, op.tensor_shape(source), strict=True)]
    op.add("TILE", (source, op.small(counts)), (result,))


@lowers("Tile", since=13, layout="any", int8="same-scale", data=_DATA)
def tile(op: Operation, input: str, repeats: str) -> None:  # noqa: A002
    """TILE."""
    counts = op.integers(repeats)
    operand = op.small([counts[axis] for axis in op.order(len(counts))])
    op.add("TILE", (op.input(input), operand), (op.result(),))
