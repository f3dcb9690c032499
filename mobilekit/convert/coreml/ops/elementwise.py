"""Arithmetic of two tensors, element by element; MIL broadcasts as ONNX does.

Integers are int32: what an int64 holds beyond it is refused where it enters, as a constant or a feed.
Narrower ones, which would have to wrap, are computed in int32 before they are emitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.coreml.ops.linear_activation import linear
from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation

_COMPUTED = ("int32", "int64")


def _binary(op: Operation, mil_op: str, a: str, b: str) -> None:
    dtype = op.tensor_dtype(a)
    if dtype.kind != "f" and dtype.name not in _COMPUTED:
        op.refuse(f"it computes in {dtype.name}, Core ML in int32 only")
    op.result(op.add(mil_op, x=op.input(a), y=op.input(b)))


@lowers("Add", since=14)
def add(op: Operation, a: str, b: str) -> None:
    """``add``; x · number + number is ``linear_activation``."""
    if not (linear(op, a, b) or linear(op, b, a)):
        _binary(op, "add", a, b)


@lowers("Sub", since=14)
def sub(op: Operation, a: str, b: str) -> None:
    """``sub``; of x · number and a number, either way, ``linear_activation``."""
    if not (linear(op, a, b, offset_sign=-1.0) or linear(op, b, a, sign=-1.0)):
        _binary(op, "sub", a, b)


@lowers("Mul", since=14)
def mul(op: Operation, a: str, b: str) -> None:
    """``mul``; x · Sigmoid(x) is ``silu``, and the Sigmoid is gone if nothing else reads it."""
    if op.tensor_dtype(a).kind == "f" and (_is_gate(op, a, b) or _is_gate(op, b, a)):
        op.result(op.add("silu", x=op.input(a if _is_gate(op, b, a) else b)))
        return
    _binary(op, "mul", a, b)


def _is_gate(op: Operation, gate: str, x: str) -> bool:
    """Whether ``gate`` is the Sigmoid of ``x``."""
    node = op.producer(gate)
    return node is not None and node.op_type == "Sigmoid" and not node.domain and node.input[0] == x


@lowers("Div", since=14)
def div(op: Operation, a: str, b: str) -> None:
    """``real_div``; of integers ``floor_div`` of their sizes, so that it is cut towards zero."""
    dtype = op.tensor_dtype(a)
    if dtype.kind == "f":
        _binary(op, "real_div", a, b)
        return
    if dtype.name not in _COMPUTED:
        op.refuse(f"it computes in {dtype.name}, Core ML in int32 only")
    sizes = [_part(op, "abs", v) for v in (a, b)]
    size = op.add("floor_div", x=sizes[0], y=sizes[1])
    signs = [_part(op, "sign", v) for v in (a, b)]
    op.result(op.add("mul", x=size, y=op.add("mul", x=signs[0], y=signs[1])))


def _part(op: Operation, mil_op: str, name: str) -> Any:
    """The size or the sign of an integer operand, computed now if it is constant."""
    if op.is_constant(name):
        array = op.constant(name)
        return op.const(np.abs(array) if mil_op == "abs" else np.sign(array))
    return op.add(mil_op, x=op.input(name))


@lowers("Mod", since=13)
def mod(op: Operation, a: str, b: str, *, fmod: int = 0) -> None:
    """``mod``, whose sign is the divisor's; ``fmod`` of floats is legal where neither is negative."""
    if fmod and op.tensor_dtype(a).kind != "f":
        op.refuse("fmod of integers is legalised before, not emitted")
    _binary(op, "mod", a, b)


@lowers("Pow", since=15)
def pow_(op: Operation, x: str, y: str) -> None:
    """``pow``; by a constant 2 or 3 a product, by 0.5 a root."""
    if op.tensor_dtype(x).kind != "f" or op.tensor_dtype(y).kind != "f":
        op.refuse("powers of integers are legalised before, not emitted")
    base, exponent = op.input(x), _exponent(op, x, y)
    if exponent in (2, 3):
        square = op.add("square", x=base)
        op.result(square if exponent == 2 else op.add("mul", x=square, y=base))
    elif exponent == 0.5:
        op.result(op.add("sqrt", x=base))
    else:
        op.result(op.add("pow", x=base, y=op.input(y)))


def _exponent(op: Operation, x: str, y: str) -> float | None:
    """The one number that a constant exponent is, if it gives the result no other shape than the base's."""
    array = op.constant(y) if op.is_constant(y) else None
    if array is None or array.size != 1 or op.shape(op.outputs[0]) != op.shape(x):
        return None
    return float(array.item())


@lowers("Max", since=13)
def max_(op: Operation, *data_0: str) -> None:
    """``maximum``, one after the other."""
    _chain(op, "maximum", data_0)


@lowers("Min", since=13)
def min_(op: Operation, *data_0: str) -> None:
    """``minimum``, one after the other."""
    _chain(op, "minimum", data_0)


@lowers("Sum", since=13)
def sum_(op: Operation, *data_0: str) -> None:
    """``add``, one after the other."""
    _chain(op, "add", data_0)


def _chain(op: Operation, mil_op: str, names: tuple[str, ...]) -> None:
    dtype = op.tensor_dtype(names[0])
    if dtype.name in ("uint32", "uint64"):
        op.refuse(f"numbers of {dtype.name}, Core ML has int32")
    total = op.input(names[0])
    for name in names[1:]:
        total = op.add(mil_op, x=total, y=op.input(name))
    op.result(total)
