"""Convolutions and matrix products; weights are mostly constant, and then can be int8.

ONNX weights are OIHW (transposed convolutions: IOHW); TFLite's are OHWI, depthwise 1HWO.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.optable import lowers
from mobilekit.convert.tflite.padding import padding_of

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.builder import OptionValue
    from mobilekit.convert.tflite.operation import Operation
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.tensors import Array

_DATA = slice(0, 1)

POINTWISE: Mapping[str, OptionValue] = {
    "padding": "VALID",
    "strideW": 1,
    "strideH": 1,
    "dilationWFactor": 1,
    "dilationHFactor": 1,
}
"""The options of a convolution that visits every position once."""


def _conv_rule(view: GraphView, node: onnx.NodeProto) -> str | None:
    """Weights computed at run time stay float, and so does what they are convolved with."""
    return "weights" if node.input[1] in view.constants else None


def _filters(
    op: Operation, w: str, order: tuple[int, ...], *, axis: int, bias: str | None
) -> tuple[int, Array | None]:
    """The weights' tensor with its axes in ``order``, and their scales if they are int8."""
    if op.is_constant(w):
        return op.weights(w, op.constant(w).transpose(order), axis=axis, bias=bias)
    return op.input(w, order=order, quantised=False), None


@lowers("Conv", since=11, layout="channels_last", int8=_conv_rule, fuses=True, data=_DATA)
def conv(
    op: Operation,
    x: str,
    w: str,
    b: str | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] | None = None,
    group: int = 1,
    kernel_shape: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> None:
    """CONV_2D, or DEPTHWISE_CONV_2D where every input channel has filters of its own."""
    shape = op.shape(w)
    if len(shape) != 4:
        op.refuse(f"convolutions over {len(shape) - 2} axes are legalised before, not emitted")
    strides, dilations = list(strides or (1, 1)), list(dilations or (1, 1))
    if list(kernel_shape or shape[2:]) != list(shape[2:]):
        op.refuse(f"kernel_shape contradicts the weights' shape {list(shape)}")
    padding = padding_of(op, x, shape[2:], strides=strides, dilations=dilations, pads=pads, auto_pad=auto_pad)
    channels = op.shape(x)[1]
    # At int16 a depthwise convolution is a grouped one: Qualcomm's compiler refuses DEPTHWISE_CONV_2D there.
    depthwise = group == channels and shape[1] == 1 and group > 1 and op.storage != "int16"
    data = op.input(x)
    if depthwise and op.hybrid and op.is_constant(w):
        # XNNPACK has no depthwise convolution of floats by bytes: LiteRT's own takes five times as long.
        filters, scales = op.floats(op.constant(w).transpose(1, 2, 3, 0), name=w), None
    elif depthwise:
        filters, scales = _filters(op, w, (1, 2, 3, 0), axis=3, bias=b)
    else:
        filters, scales = _filters(op, w, (0, 2, 3, 1), axis=0, bias=b)
    bias = op.bias(b, shape[0], data=data, scales=scales)
    options = {
        "padding": padding,
        "strideH": strides[0],
        "strideW": strides[1],
        "dilationHFactor": dilations[0],
        "dilationWFactor": dilations[1],
        **op.activation,
    }
    if depthwise:
        multiplier = shape[0] // channels
        op.add(
            "DEPTHWISE_CONV_2D", (data, filters, bias), (op.result(),), depthMultiplier=multiplier, **options
        )
    else:
        op.add("CONV_2D", (data, filters, bias), (op.result(),), **options)


@lowers("ConvTranspose", since=11, layout="channels_last", int8=_conv_rule, data=_DATA)
def conv_transpose(
    op: Operation,
    x: str,
    w: str,
    b: str | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] | None = None,
    group: int = 1,
    kernel_shape: Sequence[int] | None = None,
    output_padding: Sequence[int] | None = None,
    output_shape: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> None:
    """TRANSPOSE_CONV: the gradient of the convolution that maps the output back to the input."""
    kernel = op.shape(w)[2:]
    if len(kernel) != 2 or group != 1 or any(d != 1 for d in dilations or ()):
        op.refuse("only ungrouped, undilated transposed convolutions over two axes have an exact lowering")
    if any(output_padding or ()) or output_shape:
        op.refuse("output_padding and output_shape have no exact lowering here")
    if list(kernel_shape or kernel) != list(kernel):
        op.refuse(f"kernel_shape contradicts the weights' shape {list(op.shape(w))}")
    strides = list(strides or (1, 1))
    shape = op.shape(op.output)
    padding = padding_of(
        op, op.output, kernel, strides=strides, dilations=(1, 1), pads=pads, auto_pad=auto_pad
    )
    data = op.input(x)
    filters, scales = _filters(op, w, (1, 2, 3, 0), axis=0, bias=b)
    bias = op.bias(b, shape[1], data=data, scales=scales)
    sizes = op.small([shape[axis] for axis in op.order(4)])
    op.add(
        "TRANSPOSE_CONV",
        (sizes, filters, data, bias),
        (op.result(),),
        padding=padding,
        strideH=strides[0],
        strideW=strides[1],
    )


def _matmul_rule(view: GraphView, node: onnx.NodeProto) -> str | None:
    right = view.constants.get(node.input[1])
    return (
        "weights" if right is not None and right.ndim == 2 and node.input[0] not in view.constants else None
    )


def _matmul_data(op: Operation, value: str) -> int:
    # Int8 products of two runtime matrices cost picture quality; the plan keeps them in float.
    return op.input(value, quantised=op.storage == "int16")


@lowers("MatMul", since=1, layout="onnx", int8=_matmul_rule, fuses=True, data=_DATA)
def matmul(op: Operation, a: str, b: str) -> None:
    """FULLY_CONNECTED where the right matrix is constant, else BATCH_MATMUL."""
    if op.is_constant(b) and op.constant(b).ndim == 2 and not op.is_constant(a):
        _fully_connected(op, a, op.constant(b).T, b, None)
        return
    left, right = _matmul_data(op, a), _matmul_data(op, b)
    result = op.result()
    if op.fused.activation == "NONE":
        op.add("BATCH_MATMUL", (left, right), (result,), adjX=False, adjY=False)
        return
    product = op.temporary(op.tensor_shape(result), like=result)
    op.add("BATCH_MATMUL", (left, right), (product,), adjX=False, adjY=False)
    op.add(op.fused.activation, (product,), (result,))


@lowers("Gemm", since=13, layout="onnx", int8="weights", fuses=True, data=_DATA)
def gemm(
    op: Operation,
    a: str,
    b: str,
    c: str | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,  # noqa: N803 - the ONNX name
    transB: int = 0,  # noqa: N803
) -> None:
    """FULLY_CONNECTED, alpha and beta folded into weights and bias."""
    if transA:
        op.refuse("transA=1 is legalised before, not emitted")
    weights = op.constant(b)
    weights = np.float32(alpha) * (weights if transB else weights.T)
    if c is None:
        _fully_connected(op, a, weights, b, None)
        return
    bias = op.constant(c)
    if bias.size not in (1, weights.shape[0]) or beta != 1.0:
        op.refuse("C must be a constant vector with beta=1")
    if bias.size != weights.shape[0]:
        op.refuse("a scalar C is legalised before, not emitted")
    _fully_connected(op, a, weights, b, c)


def _fully_connected(op: Operation, data: str, weights: np.ndarray, name: str, bias: str | None) -> None:
    """``weights`` is (outputs, inputs); leading axes of the data are kept."""
    source = op.input(data)
    filters, scales = op.weights(f"{name}/rows", weights, axis=0, bias=bias)
    offsets = op.bias(bias, weights.shape[0], data=source, scales=scales)
    keep = len(op.shape(data)) > 2
    op.add("FULLY_CONNECTED", (source, filters, offsets), (op.result(),), keepNumDims=keep, **op.activation)
