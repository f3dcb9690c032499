"""Comparisons, logic and choices, element by element; MIL broadcasts as ONNX does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation

_LACKING = ("uint32", "uint64")
"""Their larger half is negative in int32, so that order is another."""


def _compare(op: Operation, mil_op: str, a: str, b: str) -> None:
    dtype = op.tensor_dtype(a)
    if dtype.name in _LACKING:
        op.refuse(f"the order of {dtype.name}, Core ML has int32")
    op.result(op.add(mil_op, x=op.input(a), y=op.input(b)))


@lowers("Equal", since=13)
def equal(op: Operation, a: str, b: str) -> None:
    """``equal``; of truth values, which it does not take, not ``logical_xor``."""
    if op.tensor_dtype(a).kind == "b":
        differ = op.add("logical_xor", x=op.input(a), y=op.input(b))
        op.result(op.add("logical_not", x=differ))
    else:
        op.result(op.add("equal", x=op.input(a), y=op.input(b)))


@lowers("Less", since=13)
def less(op: Operation, a: str, b: str) -> None:
    """``less``."""
    _compare(op, "less", a, b)


@lowers("LessOrEqual", since=16)
def less_or_equal(op: Operation, a: str, b: str) -> None:
    """``less_equal``."""
    _compare(op, "less_equal", a, b)


@lowers("Greater", since=13)
def greater(op: Operation, a: str, b: str) -> None:
    """``greater``."""
    _compare(op, "greater", a, b)


@lowers("GreaterOrEqual", since=16)
def greater_or_equal(op: Operation, a: str, b: str) -> None:
    """``greater_equal``."""
    _compare(op, "greater_equal", a, b)


def _logic(op: Operation, mil_op: str, a: str, b: str) -> None:
    op.result(op.add(mil_op, x=op.input(a), y=op.input(b)))


@lowers("And", since=7)
def and_(op: Operation, a: str, b: str) -> None:
    """``logical_and``."""
    _logic(op, "logical_and", a, b)


@lowers("Or", since=7)
def or_(op: Operation, a: str, b: str) -> None:
    """``logical_or``."""
    _logic(op, "logical_or", a, b)


@lowers("Xor", since=7)
def xor(op: Operation, a: str, b: str) -> None:
    """``logical_xor``."""
    _logic(op, "logical_xor", a, b)


@lowers("Not", since=1)
def not_(op: Operation, x: str) -> None:
    """``logical_not``."""
    op.result(op.add("logical_not", x=op.input(x)))


@lowers("Where", since=16)
def where(op: Operation, condition: str, x: str, y: str) -> None:
    """``select``, which is documented to broadcast all three."""
    op.result(op.add("select", cond=op.input(condition), a=op.input(x), b=op.input(y)))


@lowers("IsNaN", since=13)
def is_nan(op: Operation, x: str) -> None:
    """What is not equal to itself."""
    value = op.input(x)
    op.result(op.add("not_equal", x=value, y=value))
