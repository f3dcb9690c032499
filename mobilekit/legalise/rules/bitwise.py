"""Bitwise operators by the bits themselves, on an axis of their own; shifts as products and quotients.

::

    a ─ int64 [n, 1] ─ Mod [2, 4, 8, …] ─ ≥ [1, 2, 4, …] ─┬─ And ─ Where 2^k else 0 ─ ReduceSum
    b ────────────────────────── the same ────────────────┘
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.division import floored
from mobilekit.legalise.rules.integers import LOWEST_INT64

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_LOGIC = {"BitwiseAnd": "And", "BitwiseOr": "Or", "BitwiseXor": "Xor"}
_TOP = 62  # the highest power of two that an int64 holds


def _bitwise(node: Node, b: Builder) -> Replacement:
    dtype, shape = b.dtype(node.name), b.shape(node.name)
    width = dtype.itemsize * 8
    operands = [_bits(_spread(v, shape, b), width, b) for v in node.inputs]
    chosen = b.add(_LOGIC[node.op], *operands)
    values = b.add("Where", chosen, _powers(width), np.zeros((), np.int64))
    total = b.add("ReduceSum", values, [1], keepdims=0)
    return b.reshape(b.cast(total, dtype), shape)


def _spread(value: str, shape: tuple[int, ...], b: Builder) -> str:
    """The operand as a column of int64, broadcast to the result's shape."""
    wide = b.cast(value, np.int64)
    array = b.constant(wide)
    if array is not None:
        return b.workspace.intern(np.broadcast_to(array, shape).reshape(-1, 1).copy(), f"{value}/column")
    if b.shape(wide) != shape:
        wide = b.add("Expand", wide, list(shape))
    return b.reshape(wide, (prod(shape), 1))


def _powers(width: int) -> Array:
    """2^0 … 2^(width − 1); the last of 64 is the lowest int64."""
    return np.array([1 << k for k in range(width)], np.uint64).astype(np.int64)


def _bits(column: str, width: int, b: Builder) -> str:
    """[n, 1] → booleans [n, width], the lowest bit first."""
    array = b.constant(column)
    if array is not None:
        known = array.astype(np.uint64) >> np.arange(width, dtype=np.uint64) & np.uint64(1)
        return b.workspace.intern(known != 0, f"{column}/bits")
    low = min(width, _TOP)
    rests = b.add("Mod", column, _powers(low + 1)[1:])
    bits = b.add("GreaterOrEqual", rests, _powers(low))
    if width <= _TOP:
        return bits
    negative = b.add("Less", column, 0)
    rest = b.add("Where", negative, b.add("Sub", column, LOWEST_INT64), column)
    second = b.add("GreaterOrEqual", rest, np.array(1 << _TOP, np.int64))
    return b.concat([bits, second, negative], axis=1)


def _not(node: Node, b: Builder) -> Replacement:
    """−1 − x, in any width."""
    x = node.inputs[0]
    return b.add("Sub", np.array(-1).astype(b.dtype(x)), x)


def _shift(node: Node, b: Builder) -> Replacement:
    """A product with a power of two, or a quotient rounded down, in 64 bits."""
    x, by = node.inputs
    dtype = b.dtype(x)
    width = dtype.itemsize * 8
    places = b.cast(by, np.int64)
    if node["direction"] == "LEFT":
        return b.add("Mul", x, b.cast(_at(_powers(width), places, b), dtype))
    wide = b.cast(x, np.int64)
    if width <= 32:
        return b.cast(floored(wide, _at(_powers(width), places, b), b), dtype)
    return b.cast(_shift_right_64(wide, places, b), dtype)


def _at(table: Array, places: str, b: Builder) -> str:
    """``table[places]``."""
    array = b.constant(places)
    if array is not None:
        return b.workspace.intern(np.asarray(table[array]), f"{places}/power")
    return b.add("Gather", table, places, axis=0)


def _shift_right_64(x: str, places: str, b: Builder) -> str:
    """Unsigned: what the sign stands for is added after the signed shift; 63 places leave the sign."""
    array = b.constant(places)
    if array is None:
        most = b.add("Min", places, np.array(_TOP, np.int64))
    else:
        most = b.workspace.intern(np.minimum(array, _TOP), f"{places}/most")
    signed = floored(x, _at(_powers(_TOP + 1), most, b), b)
    # 2^(64 − places), which is 0 for none.
    sign = _at(np.array([0, *_powers(64)[:1:-1]], np.int64), most, b)
    negative = b.add("Less", x, 0)
    shifted = b.add("Add", signed, b.add("Where", negative, sign, np.zeros((), np.int64)))
    all_but_one = b.add("Equal", places, np.array(63, np.int64))
    return b.add("Where", all_but_one, b.cast(negative, np.int64), shifted)


RULES = (
    Rule(name="bitwise", ops=tuple(_LOGIC), apply=_bitwise),
    Rule(name="bitwise-not", ops=("BitwiseNot",), apply=_not),
    Rule(name="bit-shift", ops=("BitShift",), apply=_shift),
)
