"""Integer quotients and remainders that LiteRT has no kernel for, exactly, in int64 products.

A multiple n of d is divided in float32 and the error divided again: each step gains 22 bits or more, and
the last one is rounded, so that three find any quotient of 64 bits.
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.integers import LOWEST_INT64, turned

_STEPS = 3


def _div(node: Node, b: Builder) -> Replacement | None:
    """Truncated towards zero, as C does."""
    x, y = node.inputs
    if b.dtype(x) == np.int64:
        return truncated(x, y, b)
    if b.dtype(x) == np.uint64:
        return b.cast(_unsigned(b.cast(x, np.int64), b.cast(y, np.int64), b), np.uint64)
    return None


def truncated(x: str, y: str, b: Builder) -> str:
    """The int64 quotient of ``x`` and ``y``, rounded towards zero."""
    return exact_quotient(b.add("Sub", x, remainder(x, y, b)), y, b)


def remainder(x: str, y: str, b: Builder) -> str:
    """What truncated division leaves, with the sign of ``x``; LiteRT's own has that of ``y``."""
    zero = np.zeros((), b.dtype(x))
    rest = b.add("Mod", x, y)
    opposite = b.add("Xor", b.add("Less", x, zero), b.add("Less", y, zero))
    late = b.add("And", opposite, b.add("Not", b.add("Equal", rest, zero)))
    return b.add("Sub", rest, b.add("Where", late, y, zero))


def floored(x: str, y: object, b: Builder) -> str:
    """The int64 quotient of ``x`` and ``y``, rounded down."""
    return exact_quotient(b.add("Sub", x, b.add("Mod", x, y)), y, b)


def exact_quotient(multiple: str, y: object, b: Builder) -> str:
    """``multiple / y`` where nothing remains."""
    divisor = b.cast(y, np.float32) if isinstance(y, str) else np.float32(np.asarray(y))
    total = ""
    for step in range(_STEPS):
        quotient = b.add("Round", b.add("Div", b.cast(multiple, np.float32), divisor))
        part = b.cast(quotient, np.int64)
        total = b.add("Add", total, part) if total else part
        if step < _STEPS - 1:
            multiple = b.add("Sub", multiple, b.add("Mul", part, y))
    return total


def halved(x: str, b: Builder) -> str:
    """``x`` (the bits of an unsigned number) divided by two, rounded down."""
    half = floored(x, np.array(2, np.int64), b)
    return b.add("Where", b.add("Less", x, 0), b.add("Sub", half, LOWEST_INT64), half)


def _unsigned(x: str, y: str, b: Builder) -> str:
    """The quotient of two unsigned numbers, given and returned as int64 of the same bits.

    Half of x is not negative: its quotient, doubled, is right or one too small. A y of 2^63 and more goes
    into x once or not at all.
    """
    zero, one = np.zeros((), np.int64), np.ones((), np.int64)
    is_huge = b.add("Less", y, 0)
    divisor = b.add("Where", is_huge, one, y)
    twice = b.add("Mul", truncated(halved(x, b), divisor, b), 2)
    rest = b.add("Sub", x, b.add("Mul", twice, divisor))
    fits = b.add("GreaterOrEqual", turned(rest, b), turned(divisor, b))
    usual = b.add("Add", twice, b.cast(fits, np.int64))
    once = b.add("GreaterOrEqual", turned(x, b), turned(y, b))
    return b.add("Where", is_huge, b.add("Where", once, one, zero), usual)


def _mod(node: Node, b: Builder) -> Replacement | None:
    """The sign is the divisor's, which is LiteRT's, or with ``fmod`` the dividend's."""
    x, y = node.inputs
    if b.type(x).is_float:
        return None
    if b.dtype(x) != np.uint64:
        return remainder(x, y, b) if node["fmod"] else None
    return b.add("Sub", x, b.add("Mul", b.add("Div", x, y), y))


RULES = (
    Rule(name="integer-quotient", ops=("Div",), apply=_div),
    Rule(name="integer-modulo", ops=("Mod",), apply=_mod),
)
