"""Powers: of floats by LiteRT's own operator, of integers by squaring, so that they are exact.

::

    x^y = Π x^(2^k) over the bits k of y
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

_BITS = 6  # an exponent of 64 and more overflows every integer, but those of −1, 0 and 1


def _pow(node: Node, b: Builder) -> Replacement | None:
    """Base and exponent of one element type; the result has the base's."""
    x, y = node.inputs
    base = b.dtype(x)
    if b.type(x).is_float:
        return None if base == b.dtype(y) else b.add("Pow", x, b.cast(y, base))
    if not b.type(y).is_float:
        return b.cast(_integer(b.cast(x, np.int64), b.cast(y, np.int64), b), base)
    exponent = b.constant(y)
    if exponent is not None and np.all(exponent == np.trunc(exponent)):
        return b.add("Pow", x, exponent.astype(np.int64))
    power = b.cast(b.add("Pow", b.cast(x, b.dtype(y)), y), base)
    whole = b.add("Equal", b.add("Floor", y), y)
    return b.add("Where", whole, b.add("Pow", x, b.cast(y, np.int64)), power)


def _integer(x: str, y: str, b: Builder) -> str:
    exponent = b.constant(y)
    if exponent is not None and exponent.size == 1 and exponent.min() >= 0:
        return _repeated(x, int(exponent.reshape(())), b, b.rank(y))
    one, zero = np.ones((), np.int64), np.zeros((), np.int64)
    places = b.add("Min", b.add("Abs", y), b.add("Add", b.add("Mod", y, 2), 62))
    square, power = x, ""
    for k in range(_BITS):
        bit = b.add("GreaterOrEqual", b.add("Mod", places, 2 << k), 1 << k)
        factor = b.add("Where", bit, square, one)
        power = b.add("Mul", power, factor) if power else factor
        square = b.add("Mul", square, square) if k < _BITS - 1 else square
    if exponent is not None and exponent.min() >= 0:
        return power
    unit = b.add("Equal", b.add("Abs", x), one)
    return b.add("Where", b.add("Less", y, zero), b.add("Where", unit, power, zero), power)


def _repeated(x: str, exponent: int, b: Builder, rank: int) -> str:
    """A chain of squares and products; an exponent of higher rank gives the result its axes."""
    shape = (1,) * (rank - b.rank(x)) + b.shape(x)
    square, power = b.reshape(x, shape), ""
    for k in range(exponent.bit_length()):
        square = b.add("Mul", square, square) if k else square
        if exponent >> k & 1:
            power = b.add("Mul", power, square) if power else square
    return power or b.add("Expand", np.ones((), np.int64), list(shape))


RULES = (Rule(name="power", ops=("Pow",), apply=_pow),)
