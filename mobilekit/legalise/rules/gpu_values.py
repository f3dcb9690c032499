"""What LiteRT's GPU accelerator computes by other means: powers of negative numbers, 64-bit indices.

Its power takes the logarithm of the base, and a negative one has none. It has no 64-bit integers; an
index never needs them.
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.mathematics import is_non_negative

_OWN = 3  # it multiplies for exponents up to here


def _power(node: Node, b: Builder) -> Replacement | None:
    """|x|^y with the sign that x has where y is odd; y constant whole numbers, or not known."""
    x, y = node.inputs
    exponent = b.constant(y)
    if not b.type(x).is_float or is_non_negative(x, b):
        return None
    if exponent is None:
        return _by_parity(x, y, b)
    if exponent.size == 1 and exponent.reshape(()) in range(_OWN + 1):
        return None
    if not np.all(exponent == np.trunc(exponent)):
        return None  # of a negative number it would be NaN
    size = b.add("Pow", b.add("Abs", x), y)
    odd = np.abs(np.fmod(exponent, 2)) == 1
    if not np.any(odd):
        return size
    sign = b.add("Sign", x)
    if not np.all(odd):
        even = np.where(odd, 0, 1).astype(exponent.dtype)
        sign = b.add("Add", b.add("Mul", sign, 1 - even), even)
    return b.add("Mul", sign, size)


def _by_parity(x: str, y: str, b: Builder) -> str:
    """1 − 2·(x < 0 and y odd), times |x|^y."""
    kind = b.dtype(x)
    odd = b.add("Mod", b.add("Abs", y), 2.0, fmod=1)
    negative = b.cast(b.add("Less", x, np.zeros((), kind)), kind)
    whole = b.cast(b.add("Equal", odd, np.ones((), kind)), kind)
    turned = b.add("Mul", b.add("Mul", negative, whole), -2.0)
    return b.add("Mul", b.add("Add", turned, 1.0), b.add("Pow", b.add("Abs", x), y))


def _index(node: Node, b: Builder) -> Replacement | None:
    """Indices that a Cast made 64-bit integers of become 32-bit ones."""
    x, indices, *rest = node.inputs
    narrow = _narrow(indices, b)
    return None if narrow is None else b.again(node, x, narrow, *rest)


def _narrow(value: str, b: Builder) -> str | None:
    """The same numbers as 32-bit integers, where a Cast from another type is behind them."""
    if b.is_constant(value) or b.dtype(value) != np.int64:
        return None
    producer = b.producer(value)
    if producer is None:
        return None
    if producer.op == "Cast":
        source = producer.inputs[0]
        return None if b.dtype(source) == np.int64 else b.cast(source, np.int32)
    if producer.op == "Reshape":
        inner = _narrow(producer.inputs[0], b)
        return None if inner is None else b.reshape(inner, b.shape(value))
    return None


RULES = (
    Rule(name="gpu-power", ops=("Pow",), apply=_power),
    Rule(name="gpu-index", ops=("Gather", "GatherND"), apply=_index),
)
