"""Activations and other functions of one tensor, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.optable import lowers
from mobilekit.convert.tflite.clamps import ENDS, saturates_at
from mobilekit.convert.tflite.fusion import activation_of, clip_bounds
from mobilekit.convert.tflite.ops.int16 import hard_swish_of_int16, prelu_of_int16
from mobilekit.convert.tflite.ops.softmax import softmax_of_planes, softmax_of_two_channels
from mobilekit.convert.tflite.planes import is_softmax_of_planes
from mobilekit.convert.tflite.quantisable import SYMMETRIC_UNIT, UNIT_INTERVAL

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.layout import Sides
    from mobilekit.convert.tflite.operation import Operation
    from mobilekit.convert.tflite.view import GraphView


_SLOW_IN_INT8 = frozenset({"RELU", "RELU6", "HARD_SWISH"})
"""Activations that XNNPACK has no 8-bit operator for: LiteRT's own take 9, 9 and 3.4 ns an element."""


def _unary(op: Operation, kind: str, x: str, **options: float | bool) -> None:
    op.require_kernel(x)
    data, result = op.input(x), op.result()
    if op.storage == "int8" and kind in _SLOW_IN_INT8:
        _of_bytes(op, kind, data, result)
    else:
        op.add(kind, (data,), (result,), **options)


def _of_bytes(op: Operation, kind: str, data: int, result: int) -> None:
    """A QUANTIZE from scale to scale where saturation is the activation, 0.05 ns an element.

    Else the float operator between its conversions, of which XNNPACK makes a table: 0.09 ns.
    """
    tensor = op.emitter.builder.tensors[result]
    if kind in ENDS and saturates_at(tensor, ENDS[kind]):
        op.add("QUANTIZE", (data,), (result,))
        return
    before, after = op.temporary(tensor.shape), op.temporary(tensor.shape)
    op.add("DEQUANTIZE", (data,), (before,))
    op.add(kind, (before,), (after,))
    op.add("QUANTIZE", (after,), (result,))


@lowers("Relu", since=14, layout="any", int8="free")
def relu(op: Operation, x: str) -> None:
    """RELU."""
    _unary(op, "RELU", x)


def _clip_rule(view: GraphView, node: onnx.NodeProto) -> str:
    return "free" if activation_of(view, node) in ("RELU", "RELU6") else "same-scale"


@lowers("Clip", since=13, layout="any", int8=_clip_rule, data=slice(0, 1))
def clip(op: Operation, input: str, min: str | None = None, max: str | None = None) -> None:  # noqa: A002
    """RELU, RELU6 or RELU_N1_TO_1 for their bounds, else MAXIMUM and MINIMUM."""
    kind = activation_of(op.emitter.view, op.fused.node)
    if kind in ("RELU", "RELU6") or (kind == "RELU_N1_TO_1" and not op.quantised):
        _unary(op, str(kind), input)
        return
    for bound in (min, max):
        if bound is not None:
            op.constant(bound)
    low, high = clip_bounds(op.emitter.view, op.fused.node)
    data, result = op.input(input), op.result()
    steps = [(k, v) for k, v in (("MAXIMUM", low), ("MINIMUM", high)) if np.isfinite(v)]
    dtype = op.emitter.builder.tensors[data].dtype
    for position, (step, value) in enumerate(steps):
        last = position == len(steps) - 1
        target = result if last else op.temporary(op.tensor_shape(result), like=result)
        op.add(step, (data, _bound(op, value, dtype)), (target,))
        data = target
    if not steps:
        shape = op.tensor_shape(data)
        op.add("RESHAPE", (data, op.small(shape)), (result,), newShape=shape)


def _bound(op: Operation, value: float, dtype: np.dtype[np.generic]) -> int:
    if op.quantised:
        return op.quantise(f"{op.output}/bound", np.array([value], np.float32))
    return op.small([value], dtype=dtype.type)


@lowers("LeakyRelu", since=6, layout="any", int8="free")
def leaky_relu(op: Operation, x: str, *, alpha: float = 0.01) -> None:
    """LEAKY_RELU."""
    _unary(op, "LEAKY_RELU", x, alpha=alpha)


@lowers("PRelu", since=16, layout="any", int8="free", data=slice(0, 1))
def prelu(op: Operation, x: str, slope: str) -> None:
    """PRELU with a slope tensor without the batch axis, as the runtime's fast kernels want it."""
    rank = len(op.shape(x))
    data = op.input(x)
    if not op.is_constant(slope):
        op.add("PRELU", (data, op.input(slope)), (op.result(),))
        return
    array = op.constant(slope)
    array = array.reshape((1,) * (rank - array.ndim) + array.shape).transpose(op.order(rank))
    if rank > 1 and array.shape[0] == 1:
        array = array[0]
    if op.storage == "int16":
        prelu_of_int16(op, data, array)
        return
    alpha = op.quantise(slope, array) if op.quantised else op.emitter.builder.constant(slope, array)
    op.add("PRELU", (data, alpha), (op.result(),))


@lowers("Sigmoid", since=13, layout="any", int8="fixed", fixed=UNIT_INTERVAL)
def sigmoid(op: Operation, x: str) -> None:
    """LOGISTIC."""
    _unary(op, "LOGISTIC", x)


@lowers("Tanh", since=13, layout="any", int8="fixed", fixed=SYMMETRIC_UNIT)
def tanh(op: Operation, input: str) -> None:  # noqa: A002
    """TANH."""
    _unary(op, "TANH", input)


@lowers("HardSwish", since=14, layout="any", int8="free")
def hard_swish(op: Operation, x: str) -> None:
    """HARD_SWISH."""
    if op.storage == "int16":
        hard_swish_of_int16(op, op.input(x))
        return
    _unary(op, "HARD_SWISH", x)


@lowers("Elu", since=6, layout="any")
def elu(op: Operation, x: str, *, alpha: float = 1.0) -> None:
    """ELU, whose alpha is one."""
    if alpha != 1.0:
        op.refuse("alpha other than 1 is legalised before, not emitted")
    _unary(op, "ELU", x)


@lowers("Gelu", since=20, layout="any")
def gelu(op: Operation, x: str, *, approximate: str = "none") -> None:
    """GELU, exact or by tanh."""
    _unary(op, "GELU", x, approximate=approximate == "tanh")


def _softmax_sides(view: GraphView, node: onnx.NodeProto) -> Sides:
    rank = len(view.shapes[node.input[0]])
    axis = next((a.i for a in node.attribute if a.name == "axis"), -1) % rank
    return ("channels_last", "channels_last") if axis == 1 and rank > 2 else ("onnx", "onnx")


@lowers("Softmax", since=13, layout=_softmax_sides, int8="fixed", fixed=UNIT_INTERVAL)
def softmax(op: Operation, input: str, *, axis: int = -1) -> None:  # noqa: A002
    """SOFTMAX, over the last axis of the file's tensor; over the few channels of a float map arithmetic."""
    few = is_softmax_of_planes(op.emitter.view, op.fused.node)
    if few and not op.quantised and op.emitter.precision != "fp16":
        if not op.reads:
            softmax_of_planes(op, input)
            return
        if op.shape(input)[1] == 2:
            softmax_of_two_channels(op, input)
            return
    _over_last_axis(op, "SOFTMAX", input, axis, beta=1.0)


@lowers("LogSoftmax", since=13, layout=_softmax_sides)
def log_softmax(op: Operation, input: str, *, axis: int = -1) -> None:  # noqa: A002
    """LOG_SOFTMAX, over the last axis of the file's tensor."""
    _over_last_axis(op, "LOG_SOFTMAX", input, axis)


def _over_last_axis(op: Operation, kind: str, x: str, axis: int, **options: float) -> None:
    rank = len(op.shape(x))
    order = op.order(rank)
    if order and order[-1] != axis % rank:
        order = (*(a for a in range(rank) if a != axis % rank), axis % rank)
        data = op.input(x, order=order)
        op.add(kind, (data,), (op.result(order=order),), **options)
        return
    op.add(kind, (op.input(x),), (op.result(),), **options)


@lowers("Abs", since=13, layout="any")
def abs_(op: Operation, x: str) -> None:
    """ABS."""
    _unary(op, "ABS", x)


@lowers("Neg", since=13, layout="any")
def neg(op: Operation, x: str) -> None:
    """NEG."""
    _unary(op, "NEG", x)


@lowers("Exp", since=13, layout="any")
def exp(op: Operation, input: str) -> None:  # noqa: A002
    """EXP."""
    _unary(op, "EXP", input)


@lowers("Log", since=13, layout="any")
def log(op: Operation, input: str) -> None:  # noqa: A002
    """LOG."""
    _unary(op, "LOG", input)


@lowers("Sqrt", since=13, layout="any")
def sqrt(op: Operation, x: str) -> None:
    """SQRT."""
    _unary(op, "SQRT", x)


@lowers("Sin", since=7, layout="any")
def sin(op: Operation, input: str) -> None:  # noqa: A002
    """SIN."""
    _unary(op, "SIN", input)


@lowers("Cos", since=7, layout="any")
def cos(op: Operation, input: str) -> None:  # noqa: A002
    """COS."""
    _unary(op, "COS", input)


@lowers("Atan", since=7, layout="any")
def atan(op: Operation, input: str) -> None:  # noqa: A002
    """ATAN2 over one."""
    data = op.input(input)
    ones = op.small(np.ones(op.tensor_shape(data)), dtype=np.float32)
    op.add("ATAN2", (data, ones), (op.result(),))


@lowers("Floor", since=13, layout="any")
def floor(op: Operation, x: str) -> None:
    """FLOOR."""
    _unary(op, "FLOOR", x)


@lowers("Ceil", since=13, layout="any")
def ceil(op: Operation, x: str) -> None:
    """CEIL."""
    _unary(op, "CEIL", x)


@lowers("Round", since=11, layout="any")
def round_(op: Operation, x: str) -> None:
    """ROUND: halves to even in both."""
    _unary(op, "ROUND", x)


@lowers("Sign", since=13, layout="any")
def sign(op: Operation, input: str) -> None:  # noqa: A002
    """SIGN."""
    _unary(op, "SIGN", input)
