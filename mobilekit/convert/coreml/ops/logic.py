"""Comparisons, logic and choices, element by element; MIL broadcasts as ONNX does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation

_LACKING = ("uint32", "uint64")
"""Their larger half is negative in int32, so that order is another."""

_MOST_WRITTEN_OUT = 1 << 16
"""Elements of a constant that is stored as often as it is read; a larger one is repeated at run time."""


def _both(op: Operation, mil_op: str, a: str, b: str) -> None:
    op.result(op.add(mil_op, x=op.input(a), y=op.input(b)))


def _compare(op: Operation, mil_op: str, a: str, b: str) -> None:
    dtype = op.tensor_dtype(a)
    if dtype.name in _LACKING:
        op.refuse(f"the order of {dtype.name}, Core ML has int32")
    _both(op, mil_op, a, b)


@lowers("Equal", since=13)
def equal(op: Operation, a: str, b: str) -> None:
    """``equal``; of truth values, which it does not take, not ``logical_xor``."""
    if op.tensor_dtype(a).kind == "b":
        differ = op.add("logical_xor", x=op.input(a), y=op.input(b))
        op.result(op.add("logical_not", x=differ))
    else:
        _both(op, "equal", a, b)


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


@lowers("And", since=7)
def and_(op: Operation, a: str, b: str) -> None:
    """``logical_and``."""
    _both(op, "logical_and", a, b)


@lowers("Or", since=7)
def or_(op: Operation, a: str, b: str) -> None:
    """``logical_or``."""
    _both(op, "logical_or", a, b)


@lowers("Xor", since=7)
def xor(op: Operation, a: str, b: str) -> None:
    """``logical_xor``."""
    _both(op, "logical_xor", a, b)


@lowers("Not", since=1)
def not_(op: Operation, x: str) -> None:
    """``logical_not``."""
    op.result(op.add("logical_not", x=op.input(x)))


@lowers("Where", since=16)
def where(op: Operation, condition: str, x: str, y: str) -> None:
    """``select``, which broadcasts all three; coremltools infers its shape from the last two alone."""
    wanted = op.shape(op.outputs[0])
    chosen = op.input(x)
    if np.broadcast_shapes(op.shape(x), op.shape(y)) != wanted:
        chosen = _spread(op, x, wanted)
    op.result(op.add("select", cond=op.input(condition), a=chosen, b=op.input(y)))


def _spread(op: Operation, name: str, shape: tuple[int, ...]) -> Any:
    """``name`` broadcast to ``shape``: written out if it is a small constant, else tiled."""
    given = op.shape(name)
    if op.is_constant(name) and np.prod(shape) <= _MOST_WRITTEN_OUT:
        return op.const(np.broadcast_to(op.constant(name), shape).copy())
    var, lead = op.input(name), len(shape) - len(given)
    if lead:
        var = op.add("expand_dims", x=var, axes=list(range(lead)))
    lifted = (1,) * lead + given
    return op.add("tile", x=var, reps=[out // size for size, out in zip(lifted, shape, strict=True)])


@lowers("IsNaN", since=13)
def is_nan(op: Operation, x: str) -> None:
    """What is not equal to itself."""
    value = op.input(x)
    op.result(op.add("not_equal", x=value, y=value))
