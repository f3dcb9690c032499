"""Operators of two tensors, element by element; MIL broadcasts as ONNX does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation


def _binary(op: Operation, mil_op: str, a: str, b: str) -> None:
    op.result(op.add(mil_op, x=op.input(a), y=op.input(b)))


def _require_numbers(op: Operation, name: str) -> None:
    if op.tensor_dtype(name).kind == "b":
        op.refuse("it is of truth values")


def _require_signed(op: Operation, name: str) -> None:
    """int32 is what MIL computes in: narrower integers would not wrap, wider ones would."""
    dtype = op.tensor_dtype(name)
    if dtype.kind in "iu" and dtype.name not in ("int32", "int64"):
        op.refuse(f"it computes in {dtype.name}, Core ML in int32 only")


@lowers("Add", since=14)
def add(op: Operation, a: str, b: str) -> None:
    """``add``."""
    _require_signed(op, a)
    _binary(op, "add", a, b)


@lowers("Sub", since=14)
def sub(op: Operation, a: str, b: str) -> None:
    """``sub``."""
    _require_signed(op, a)
    _binary(op, "sub", a, b)


@lowers("Mul", since=14)
def mul(op: Operation, a: str, b: str) -> None:
    """``mul``."""
    _require_signed(op, a)
    _binary(op, "mul", a, b)


@lowers("Div", since=14)
def div(op: Operation, a: str, b: str) -> None:
    """``real_div``; integers are refused: MIL's quotient of them rounds down, ONNX's towards zero."""
    if op.tensor_dtype(a).kind != "f":
        op.refuse("a quotient of integers")
    _binary(op, "real_div", a, b)


@lowers("Max", since=13)
def max_(op: Operation, a: str, b: str) -> None:
    """``maximum``."""
    _binary(op, "maximum", a, b)


@lowers("Min", since=13)
def min_(op: Operation, a: str, b: str) -> None:
    """``minimum``."""
    _binary(op, "minimum", a, b)


@lowers("Equal", since=13)
def equal(op: Operation, a: str, b: str) -> None:
    """``equal``."""
    _require_numbers(op, a)
    _binary(op, "equal", a, b)


@lowers("Less", since=13)
def less(op: Operation, a: str, b: str) -> None:
    """``less``."""
    _binary(op, "less", a, b)


@lowers("LessOrEqual", since=16)
def less_or_equal(op: Operation, a: str, b: str) -> None:
    """``less_equal``."""
    _binary(op, "less_equal", a, b)


@lowers("Greater", since=13)
def greater(op: Operation, a: str, b: str) -> None:
    """``greater``."""
    _binary(op, "greater", a, b)


@lowers("GreaterOrEqual", since=16)
def greater_or_equal(op: Operation, a: str, b: str) -> None:
    """``greater_equal``."""
    _binary(op, "greater_equal", a, b)


@lowers("And", since=7)
def and_(op: Operation, a: str, b: str) -> None:
    """``logical_and``."""
    _binary(op, "logical_and", a, b)


@lowers("Or", since=7)
def or_(op: Operation, a: str, b: str) -> None:
    """``logical_or``."""
    _binary(op, "logical_or", a, b)


@lowers("Xor", since=7)
def xor(op: Operation, a: str, b: str) -> None:
    """``logical_xor``."""
    _binary(op, "logical_xor", a, b)


@lowers("Not", since=1)
def not_(op: Operation, x: str) -> None:
    """``logical_not``."""
    op.result(op.add("logical_not", x=op.input(x)))


@lowers("Where", since=16)
def where(op: Operation, condition: str, x: str, y: str) -> None:
    """``select``, which does not broadcast in every opset: shapes must be equal, or scalar."""
    if len({op.shape(name) for name in (condition, x, y)}) > 1:
        op.refuse("its operands have different shapes")
    op.result(op.add("select", cond=op.input(condition), a=op.input(x), b=op.input(y)))
