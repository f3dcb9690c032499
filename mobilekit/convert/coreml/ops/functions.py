"""Functions of one tensor, element by element: arithmetic, rounding, trigonometry, conversion of types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation

_WRAPPING = {"int8": (128, 256), "uint8": (0, 256), "int16": (1 << 15, 1 << 16), "uint16": (0, 1 << 16)}
"""Integers carried as int32: what is added before the remainder of what is taken, and off again after."""

_SIGNED = ("int32", "int64")
"""Integers that MIL computes in."""


def unary(op: Operation, mil_op: str, x: str, **options: Any) -> None:
    """One operator of a float tensor. Refuses integers and truth values."""
    _check_float(op, x)
    op.result(op.add(mil_op, x=op.input(x), **options))


def _check_float(op: Operation, x: str, *, or_any_of: tuple[str, ...] = ()) -> None:
    dtype = op.tensor_dtype(x)
    if dtype.kind != "f" and dtype.name not in or_any_of:
        op.refuse(f"its elements are of type {dtype.name}")


def _signed(op: Operation, mil_op: str, x: str) -> None:
    """One operator of floats or of the integers that MIL computes in."""
    _check_float(op, x, or_any_of=_SIGNED)
    op.result(op.add(mil_op, x=op.input(x)))


@lowers("Abs", since=13)
def abs_(op: Operation, x: str) -> None:
    """``abs``."""
    _signed(op, "abs", x)


@lowers("Sign", since=13)
def sign(op: Operation, input: str) -> None:  # noqa: A002
    """``sign``."""
    _signed(op, "sign", input)


@lowers("Neg", since=13)
def neg(op: Operation, x: str) -> None:
    """A product with −1, exact."""
    _check_float(op, x, or_any_of=_SIGNED)
    op.result(op.add("mul", x=op.input(x), y=op.number(-1, like=x)))


@lowers("Reciprocal", since=13)
def reciprocal(op: Operation, x: str) -> None:
    """``real_div`` of 1: ``inverse`` adds an epsilon."""
    _check_float(op, x)
    op.result(op.add("real_div", x=op.number(1, like=x), y=op.input(x)))


@lowers("Erf", since=13)
def erf(op: Operation, input: str) -> None:  # noqa: A002
    """``erf``."""
    unary(op, "erf", input)


@lowers("Exp", since=13)
def exp(op: Operation, input: str) -> None:  # noqa: A002
    """``exp``."""
    unary(op, "exp", input)


@lowers("Log", since=13)
def log(op: Operation, input: str) -> None:  # noqa: A002
    """``log`` with nothing added: of 0 it is −∞, which MIL's default epsilon would make −103."""
    unary(op, "log", input, epsilon=0.0)


@lowers("Sqrt", since=13)
def sqrt(op: Operation, x: str) -> None:
    """``sqrt``."""
    unary(op, "sqrt", x)


@lowers("Floor", since=13)
def floor(op: Operation, x: str) -> None:
    """``floor``."""
    unary(op, "floor", x)


@lowers("Ceil", since=13)
def ceil(op: Operation, x: str) -> None:
    """``ceil``."""
    unary(op, "ceil", x)


@lowers("Round", since=11)
def round_(op: Operation, x: str) -> None:
    """``round``: halves to even in both."""
    unary(op, "round", x)


@lowers("Sin", since=7)
def sin(op: Operation, input: str) -> None:  # noqa: A002
    """``sin``."""
    unary(op, "sin", input)


@lowers("Cos", since=7)
def cos(op: Operation, input: str) -> None:  # noqa: A002
    """``cos``."""
    unary(op, "cos", input)


@lowers("Tan", since=7)
def tan(op: Operation, input: str) -> None:  # noqa: A002
    """``tan``."""
    unary(op, "tan", input)


@lowers("Asin", since=7)
def asin(op: Operation, input: str) -> None:  # noqa: A002
    """``asin``."""
    unary(op, "asin", input)


@lowers("Acos", since=7)
def acos(op: Operation, input: str) -> None:  # noqa: A002
    """``acos``."""
    unary(op, "acos", input)


@lowers("Atan", since=7)
def atan(op: Operation, input: str) -> None:  # noqa: A002
    """``atan``."""
    unary(op, "atan", input)


@lowers("Sinh", since=9)
def sinh(op: Operation, input: str) -> None:  # noqa: A002
    """``sinh``."""
    unary(op, "sinh", input)


@lowers("Cosh", since=9)
def cosh(op: Operation, input: str) -> None:  # noqa: A002
    """``cosh``."""
    unary(op, "cosh", input)


@lowers("Atanh", since=9)
def atanh(op: Operation, input: str) -> None:  # noqa: A002
    """``atanh``."""
    unary(op, "atanh", input)


@lowers("Cast", since=19)
def cast(op: Operation, input: str, *, to: int, saturate: int = 1) -> None:  # noqa: A002
    """``cast``; ``saturate`` is of 8-bit floats only, which are refused."""
    del to, saturate  # the type of the result says it
    _cast(op, input)


@lowers("Cast", since=24)
def cast_24(op: Operation, input: str, *, to: int, saturate: int = 1, round_mode: str = "up") -> None:  # noqa: A002
    """``cast``; ``saturate`` and ``round_mode`` are of 8-bit floats only, which are refused."""
    del to, saturate, round_mode
    _cast(op, input)


def _cast(op: Operation, input: str) -> None:  # noqa: A002
    """By way of what the ONNX type holds: integers of 8 and 16 bits wrap, float16 rounds."""
    source, target = op.tensor_dtype(input), op.tensor_dtype(op.outputs[0])
    x = op.input(input)
    if target.kind == "b":
        op.result(op.add("cast", x=x, dtype="bool") if source.kind != "b" else x)
    elif target.kind == "f":
        op.result(_as_float(op, x, source, target))
    else:
        op.result(_as_integer(op, x, source, target))


def _as_float(op: Operation, x: Any, source: np.dtype[Any], target: np.dtype[Any]) -> Any:
    if target.name == "float16" and op.precision == "fp32":
        return op.add("cast", x=op.add("cast", x=x, dtype="fp16"), dtype="fp32")
    return x if source.kind == "f" else op.add("cast", x=x, dtype=op.precision)


def _as_integer(op: Operation, x: Any, source: np.dtype[Any], target: np.dtype[Any]) -> Any:
    if source.kind not in "iu":
        x = op.add("cast", x=x, dtype="int32")
    if target.name not in _WRAPPING or source.kind == "b" or np.can_cast(source, target):
        return x
    offset, count = _WRAPPING[target.name]
    if offset:
        x = op.add("add", x=x, y=op.const(np.int32(offset)))
    x = op.add("mod", x=x, y=op.const(np.int32(count)))
    return op.add("sub", x=x, y=op.const(np.int32(offset))) if offset else x
