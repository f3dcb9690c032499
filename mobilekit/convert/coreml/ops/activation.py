"""Activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.coreml.ops.functions import unary
from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation
    from mobilekit.tensors import Array


@lowers("Relu", since=14)
def relu(op: Operation, x: str) -> None:
    """``relu``."""
    unary(op, "relu", x)


@lowers("LeakyRelu", since=6)
def leaky_relu(op: Operation, x: str, *, alpha: float = 0.01) -> None:
    """``leaky_relu``."""
    unary(op, "leaky_relu", x, alpha=alpha)


@lowers("PRelu", since=16)
def prelu(op: Operation, x: str, slope: str) -> None:
    """``prelu`` where the slope is a constant per channel of an image, else max(x, 0) + slope·min(x, 0)."""
    if op.tensor_dtype(x).kind != "f":
        op.refuse("its elements are integers")
    value = op.input(x)
    per_channel = _per_channel(op.shape(x), op.constant(slope)) if op.is_constant(slope) else None
    if per_channel is not None:
        op.result(op.add("prelu", x=value, alpha=per_channel))
        return
    above = op.add("relu", x=value)
    below = op.add("minimum", x=value, y=op.number(0, like=x))
    op.result(op.add("add", x=above, y=op.add("mul", x=below, y=op.input(slope))))


def _per_channel(shape: tuple[int, ...], slope: Array) -> Array | None:
    """The slope per channel of a tensor [N, C, H, W]; None if it varies otherwise."""
    aligned = (1,) * (len(shape) - slope.ndim) + slope.shape
    if len(shape) != 4 or aligned[0] != 1 or aligned[2:] != (1, 1):
        return None
    return np.ascontiguousarray(np.broadcast_to(slope.reshape(-1), (shape[1],)))


@lowers("Elu", since=6)
def elu(op: Operation, x: str, *, alpha: float = 1.0) -> None:
    """``elu``."""
    unary(op, "elu", x, alpha=alpha)


@lowers("Selu", since=6)
def selu(
    op: Operation,
    x: str,
    *,
    alpha: float = 1.67326319217681884765625,
    gamma: float = 1.05070102214813232421875,
) -> None:
    """``elu``, times gamma."""
    if op.tensor_dtype(x).kind != "f":
        op.refuse("its elements are integers")
    value = op.add("elu", x=op.input(x), alpha=alpha)
    op.result(op.add("mul", x=value, y=op.number(gamma, like=x)))


@lowers("HardSigmoid", since=6)
def hard_sigmoid(op: Operation, x: str, *, alpha: float = 0.2, beta: float = 0.5) -> None:
    """``sigmoid_hard``."""
    unary(op, "sigmoid_hard", x, alpha=alpha, beta=beta)


@lowers("HardSwish", since=14)
def hard_swish(op: Operation, x: str) -> None:
    """The product of x and ``sigmoid_hard``."""
    value = op.input(x)
    gate = op.add("sigmoid_hard", x=value, alpha=1 / 6, beta=0.5)
    op.result(op.add("mul", x=value, y=gate))


@lowers("Swish", since=24)
def swish(op: Operation, x: str, *, alpha: float = 1.0) -> None:
    """``silu``; with an alpha x · ``sigmoid`` of alpha·x."""
    if alpha == 1:
        unary(op, "silu", x)
        return
    value = op.input(x)
    gate = op.add("sigmoid", x=op.add("mul", x=value, y=op.number(alpha, like=x)))
    op.result(op.add("mul", x=value, y=gate))


@lowers("Mish", since=18)
def mish(op: Operation, x: str) -> None:
    """The product of x and ``tanh`` of ``softplus``."""
    value = op.input(x)
    op.result(op.add("mul", x=value, y=op.add("tanh", x=op.add("softplus", x=value))))


@lowers("ThresholdedRelu", since=10)
def thresholded_relu(op: Operation, x: str, *, alpha: float = 1.0) -> None:
    """``select``: MIL's ``thresholded_relu`` keeps x = alpha, ONNX's does not."""
    value = op.input(x)
    above = op.add("greater", x=value, y=op.number(alpha, like=x))
    op.result(op.add("select", cond=above, a=value, b=op.number(0, like=x)))


@lowers("Gelu", since=20)
def gelu(op: Operation, x: str, *, approximate: str = "none") -> None:
    """``gelu``, exact or by tanh."""
    unary(op, "gelu", x, mode="TANH_APPROXIMATION" if approximate == "tanh" else "EXACT")


@lowers("Sigmoid", since=13)
def sigmoid(op: Operation, x: str) -> None:
    """``sigmoid``."""
    unary(op, "sigmoid", x)


@lowers("Tanh", since=13)
def tanh(op: Operation, input: str) -> None:  # noqa: A002
    """``tanh``."""
    unary(op, "tanh", input)


@lowers("Softplus", since=1)
def softplus(op: Operation, x: str) -> None:
    """``softplus``."""
    unary(op, "softplus", x)


@lowers("Softsign", since=1)
def softsign(op: Operation, input: str) -> None:  # noqa: A002
    """``softsign``."""
    unary(op, "softsign", input)


@lowers("Softmax", since=13)
def softmax(op: Operation, input: str, *, axis: int = -1) -> None:  # noqa: A002
    """``softmax``."""
    unary(op, "softmax", input, axis=axis)


@lowers("Clip", since=13)
def clip(op: Operation, input: str, min: str | None = None, max: str | None = None) -> None:  # noqa: A002
    """``relu6`` or ``clip`` between constant floats, else ``maximum`` and ``minimum``."""
    low, high = (float(op.constant(v).item()) if v and op.is_constant(v) else None for v in (min, max))
    value, floats = op.input(input), op.tensor_dtype(input).kind == "f"
    if floats and (low, high) == (0.0, 6.0):
        value = op.add("relu6", x=value)
    elif floats and low is not None and high is not None and low < high:
        value = op.add("clip", x=value, alpha=low, beta=high)
    else:
        value = op.add("maximum", x=value, y=op.input(min)) if min else value
        value = op.add("minimum", x=value, y=op.input(max)) if max else value
    op.result(value)
