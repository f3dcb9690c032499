"""Casts that LiteRT has no kernel for, or does otherwise than ONNX Runtime.

Floats become narrow integers by way of wide ones: what does not fit loses its upper bits instead of
saturating. Unsigned 64-bit numbers go by way of the int64 of the same bits.
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.division import halved
from mobilekit.legalise.rules.integers import LOWEST_INT64

_TWO_TO_63 = np.float32(2.0**63)


def _cast_like(node: Node, b: Builder) -> Replacement:
    return b.cast(node.inputs[0], b.dtype(node.inputs[1]))


def _cast(node: Node, b: Builder) -> Replacement | None:
    x = node.inputs[0]
    source, target = b.dtype(x), b.dtype(node.name)
    if source == target:
        return x
    if b.type(x).is_float and target.kind in "iu":
        return _to_integer(x, target, b)
    if source == np.uint64 and target != np.int64:
        return _from_uint64(x, target, b)
    if target == np.uint64 and source != np.int64:
        return b.cast(b.cast(x, np.int64), np.uint64)
    return None


def _to_integer(x: str, target: np.dtype[np.generic], b: Builder) -> str | None:
    if target == np.uint64:
        return _to_uint64(x, b)
    if target.itemsize < 4:
        return b.cast(b.cast(x, np.int32), target)
    return b.cast(b.cast(x, np.int64), target) if target == np.uint32 else None


def _to_uint64(x: str, b: Builder) -> str:
    """From 2^63 on, less that, which is exact."""
    is_large = b.add("GreaterOrEqual", x, _TWO_TO_63)
    rest = b.cast(b.add("Where", is_large, b.add("Sub", x, _TWO_TO_63), x), np.int64)
    offset = b.add("Where", is_large, LOWEST_INT64, np.zeros((), np.int64))
    return b.cast(b.add("Add", rest, offset), np.uint64)


def _from_uint64(x: str, target: np.dtype[np.generic], b: Builder) -> str:
    """To a float from half of it where it has its top bit, the lost bit kept so that it rounds alike."""
    bits = b.cast(x, np.int64)
    if target.kind != "f":
        return b.cast(bits, target)
    lowest = b.add("Mod", bits, 2)
    half = halved(bits, b)
    odd = b.add("Add", half, b.add("Mul", lowest, b.add("Sub", 1, b.add("Mod", half, 2))))
    twice = b.add("Mul", b.cast(odd, np.float32), 2.0)
    plain = b.cast(bits, np.float32)
    return b.cast(b.add("Where", b.add("Less", bits, 0), twice, plain), target)


RULES = (
    Rule(name="cast-like", ops=("CastLike",), apply=_cast_like),
    Rule(name="cast", ops=("Cast",), apply=_cast),
)
