"""Activations that TFLite does not have, as the arithmetic of their ONNX definitions.

Each is written so that it overflows nowhere that the operator itself does not.
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.reduce import HIGHEST_RANK


def _elu(node: Node, b: Builder) -> Replacement | None:
    """Elu(alpha) = Relu(x) + alpha·Elu₁(min(x, 0))."""
    alpha = node["alpha"]
    if alpha == 1:
        return None
    return _relu_plus(node.inputs[0], alpha, b)


def _relu_plus(x: str, alpha: float, b: Builder, inner: float = 1.0) -> str:
    """Relu(x) + alpha·(exp(min(x, 0)/inner) − 1)."""
    below = b.add("Min", x, 0.0)
    below = below if inner == 1 else b.add("Div", below, inner)
    return b.add("Add", b.add("Relu", x), b.add("Mul", b.add("Elu", below), alpha))


def _selu(node: Node, b: Builder) -> Replacement:
    return b.add("Mul", _relu_plus(node.inputs[0], node["alpha"], b), node["gamma"])


def _celu(node: Node, b: Builder) -> Replacement:
    """A negative alpha makes the exponential grow, which Elu does not."""
    x, alpha = node.inputs[0], node["alpha"]
    if alpha >= 0:
        return _relu_plus(x, alpha, b, inner=alpha)
    grown = b.add("Sub", b.add("Exp", b.add("Div", b.add("Min", x, 0.0), alpha)), 1.0)
    return b.add("Add", b.add("Relu", x), b.add("Mul", grown, alpha))


def _hard_sigmoid(node: Node, b: Builder) -> Replacement:
    sloped = b.add("Add", b.add("Mul", node.inputs[0], node["alpha"]), node["beta"])
    return b.add("Clip", sloped, 0.0, 1.0)


def _softplus(node: Node, b: Builder) -> Replacement:
    return softplus(node.inputs[0], b)


def softplus(x: str, b: Builder) -> str:
    """log(1 + eˣ) = max(x, 0) + log(1 + e^(−|x|)), which does not overflow."""
    tail = b.add("Exp", b.add("Neg", b.add("Abs", x)))
    return b.add("Add", b.add("Relu", x), b.add("Log", b.add("Add", tail, 1.0)))


def _mish(node: Node, b: Builder) -> Replacement:
    """x·tanh(log(1 + eˣ)) = x·q/(q + 2), q = eˣ(eˣ + 2); the quotient is 1 from x = 20 on."""
    x = node.inputs[0]
    power = b.add("Exp", b.add("Min", x, 20.0))
    q = b.add("Mul", power, b.add("Add", power, 2.0))
    return b.add("Mul", x, b.add("Div", q, b.add("Add", q, 2.0)))


def _softsign(node: Node, b: Builder) -> Replacement:
    x = node.inputs[0]
    return b.add("Div", x, b.add("Add", b.add("Abs", x), 1.0))


def _swish(node: Node, b: Builder) -> Replacement:
    x = node.inputs[0]
    inner = x if node["alpha"] == 1 else b.add("Mul", x, node["alpha"])
    return b.add("Mul", x, b.add("Sigmoid", inner))


def _thresholded_relu(node: Node, b: Builder) -> Replacement:
    x = node.inputs[0]
    return b.add("Where", b.add("Greater", x, node["alpha"]), x, 0.0)


def _shrink(node: Node, b: Builder) -> Replacement | Refusal:
    """X + bias below −lambd, x − bias above lambd, 0 between."""
    x, limit, bias = node.inputs[0], node["lambd"], node["bias"]
    dtype = b.dtype(x)
    if not b.type(x).is_float:
        if dtype.itemsize > 2:
            return Refusal(got=f"elements of type {dtype.name}", hint="cast to float before it")
        return b.cast(b.add("Shrink", b.cast(x, np.float32), lambd=limit, bias=bias), dtype)
    below = b.add("Add", x, bias) if bias else x
    above = b.add("Sub", x, bias) if bias else x
    inner = b.add("Where", b.add("Greater", x, limit), above, np.zeros((), dtype))
    return b.add("Where", b.add("Less", x, -limit), below, inner)


def _integer_prelu(node: Node, b: Builder) -> Replacement | None:
    """Of integers: a product where negative."""
    x, slope = node.inputs
    if b.type(x).is_float:
        return None
    below = b.add("Less", x, np.zeros((), b.dtype(x)))
    return b.add("Where", below, b.add("Mul", x, slope), x)


def _leaky_relu(node: Node, b: Builder) -> Replacement | None:
    """A PRelu whose slope is one number everywhere is a LeakyRelu; other constants get x's rank."""
    if node.op == "LeakyRelu":
        return b.add("Relu", node.inputs[0]) if node["alpha"] == 0 else None
    x, slope = node.inputs
    array = b.constant(slope)
    if array is None or not b.type(x).is_float:
        return None
    if array.size and np.all(array == array.flat[0]):
        return b.add("LeakyRelu", x, alpha=float(array.flat[0]))
    if b.rank(x) > HIGHEST_RANK:
        return b.add("Add", b.add("Relu", x), b.add("Mul", b.add("Min", x, 0.0), slope))
    if array.ndim == b.rank(x):
        return None
    return b.add("PRelu", x, array.reshape((1,) * (b.rank(x) - array.ndim) + array.shape))


def _relu(node: Node, b: Builder) -> Replacement | None:
    """LiteRT's RELU knows floats; of integers it is a maximum."""
    (x,) = node.inputs
    return None if b.type(x).is_float else b.add("Max", x, np.zeros((), b.dtype(x)))


RULES = (
    Rule(name="relu-of-integers", ops=("Relu",), apply=_relu),
    Rule(name="elu", ops=("Elu",), apply=_elu),
    Rule(name="selu", ops=("Selu",), apply=_selu),
    Rule(name="celu", ops=("Celu",), apply=_celu),
    Rule(name="hard-sigmoid", ops=("HardSigmoid",), apply=_hard_sigmoid),
    Rule(name="softplus", ops=("Softplus",), apply=_softplus),
    Rule(name="mish", ops=("Mish",), apply=_mish),
    Rule(name="softsign", ops=("Softsign",), apply=_softsign),
    Rule(name="swish", ops=("Swish",), apply=_swish),
    Rule(name="thresholded-relu", ops=("ThresholdedRelu",), apply=_thresholded_relu),
    Rule(name="shrink", ops=("Shrink",), apply=_shrink),
    Rule(name="prelu-of-integers", ops=("PRelu",), apply=_integer_prelu),
    Rule(name="uniform-slope", ops=("PRelu", "LeakyRelu"), apply=_leaky_relu),
)
