"""Element by element, with broadcasting: arithmetic, comparison, logic, selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.operation import Operation
    from mobilekit.convert.tflite.view import GraphView


def _binary(op: Operation, kind: str, a: str, b: str, *, fuses: bool = False) -> None:
    op.require_kernel(a)
    rank = len(op.shape(op.output))
    left, right = op.operand(a, rank), op.operand(b, rank)
    options = dict(op.activation) if fuses else {}
    if op.storage == "int16" and kind in ("ADD", "SUB"):
        options["potScaleInt16"] = False  # the schema's default asks for scales that are powers of two
    op.add(kind, (left, right), (op.result(),), **options)


def _both_runtime_or_float(view: GraphView, node: onnx.NodeProto) -> str | None:
    return "free" if any(name not in view.constants for name in node.input) else None


@lowers("Add", since=14, layout="any", int8=_both_runtime_or_float, fuses=True)
def add(op: Operation, a: str, b: str) -> None:
    """ADD."""
    _binary(op, "ADD", a, b, fuses=True)


@lowers("Sub", since=14, layout="any", int8=_both_runtime_or_float, fuses=True)
def sub(op: Operation, a: str, b: str) -> None:
    """SUB."""
    _binary(op, "SUB", a, b, fuses=True)


@lowers("Mul", since=14, layout="any", int8=_both_runtime_or_float, fuses=True)
def mul(op: Operation, a: str, b: str) -> None:
    """MUL."""
    op.require_kernel(a)
    rank = len(op.shape(op.output))
    left, right = op.operand(a, rank), op.operand(b, rank)
    result = op.result()
    op.add("MUL", (left, right), (result,), **op.activation, **_rescale(op, left, right, result))


def _rescale(op: Operation, left: int, right: int, result: int) -> dict[str, bool]:
    """Whether the int8 product needs MUL's version 3: a rescaling factor of one or more."""
    scales = [op.emitter.builder.tensors[t].quantisation for t in (left, right, result)]
    if any(s is None for s in scales):
        return {}
    one, other, out = (s.scales[0] for s in scales if s is not None)
    return {"_rescale_at_least_one": one * other / out >= 1.0}


@lowers("Div", since=14, layout="any", fuses=True)
def div(op: Operation, a: str, b: str) -> None:
    """DIV; quotients of int32 are truncated towards zero, as in ONNX."""
    _binary(op, "DIV", a, b, fuses=True)


@lowers("Pow", since=15, layout="any")
def pow_(op: Operation, x: str, y: str) -> None:
    """MUL or SQRT for the exponents 2 and 0.5, else POW."""
    exponent = op.constant(y) if op.is_constant(y) else None
    uniform = exponent is not None and exponent.size == 1 and op.dtype(x).kind == "f"
    if uniform and float(exponent.reshape(())) == 2.0 and op.shape(x) == op.shape(op.output):  # type: ignore[union-attr]
        data = op.input(x)
        op.add("MUL", (data, data), (op.result(),))
    elif uniform and float(exponent.reshape(())) == 0.5 and op.shape(x) == op.shape(op.output):  # type: ignore[union-attr]
        op.add("SQRT", (op.input(x),), (op.result(),))
    else:
        if op.dtype(x) != op.dtype(y):
            op.refuse(f"base {op.dtype(x).name} and exponent {op.dtype(y).name} differ in type")
        _binary(op, "POW", x, y)


@lowers("Max", since=13, layout="any", int8="same-scale")
def maximum(op: Operation, *data_0: str) -> None:
    """MAXIMUM of two."""
    _pair(op, "MAXIMUM", data_0)


@lowers("Min", since=13, layout="any", int8="same-scale")
def minimum(op: Operation, *data_0: str) -> None:
    """MINIMUM of two."""
    _pair(op, "MINIMUM", data_0)


def _pair(op: Operation, kind: str, values: tuple[str, ...]) -> None:
    if len(values) != 2:
        op.refuse(f"{len(values)} inputs are legalised to pairs before, not emitted")
    _binary(op, kind, *values)


@lowers("Mod", since=13, layout="any")
def mod(op: Operation, a: str, b: str, *, fmod: int = 0) -> None:
    """FLOOR_MOD: the remainder has the divisor's sign.

    ``legalise`` leaves ``fmod=1`` only where both operands are non-negative: then both are the same.
    """
    del fmod
    _binary(op, "FLOOR_MOD", a, b)


@lowers("Equal", since=13, layout="any")
def equal(op: Operation, a: str, b: str) -> None:
    """EQUAL."""
    _binary(op, "EQUAL", a, b)


@lowers("Less", since=13, layout="any")
def less(op: Operation, a: str, b: str) -> None:
    """LESS."""
    _binary(op, "LESS", a, b)


@lowers("LessOrEqual", since=12, layout="any")
def less_or_equal(op: Operation, a: str, b: str) -> None:
    """LESS_EQUAL."""
    _binary(op, "LESS_EQUAL", a, b)


@lowers("Greater", since=13, layout="any")
def greater(op: Operation, a: str, b: str) -> None:
    """GREATER."""
    _binary(op, "GREATER", a, b)


@lowers("GreaterOrEqual", since=12, layout="any")
def greater_or_equal(op: Operation, a: str, b: str) -> None:
    """GREATER_EQUAL."""
    _binary(op, "GREATER_EQUAL", a, b)


@lowers("And", since=7, layout="any")
def logical_and(op: Operation, a: str, b: str) -> None:
    """LOGICAL_AND."""
    _binary(op, "LOGICAL_AND", a, b)


@lowers("Or", since=7, layout="any")
def logical_or(op: Operation, a: str, b: str) -> None:
    """LOGICAL_OR."""
    _binary(op, "LOGICAL_OR", a, b)


@lowers("Xor", since=7, layout="any")
def logical_xor(op: Operation, a: str, b: str) -> None:
    """NOT_EQUAL of two booleans."""
    _binary(op, "NOT_EQUAL", a, b)


@lowers("Not", since=1, layout="any")
def logical_not(op: Operation, x: str) -> None:
    """LOGICAL_NOT."""
    op.add("LOGICAL_NOT", (op.input(x),), (op.result(),))


@lowers("Where", since=16, layout="any")
def where(op: Operation, condition: str, x: str, y: str) -> None:
    """SELECT_V2."""
    rank = len(op.shape(op.output))
    op.add("SELECT_V2", [op.operand(v, rank) for v in (condition, x, y)], (op.result(),))


@lowers("Cast", since=13, layout="any")
def cast_13(op: Operation, input: str, *, to: int) -> None:  # noqa: A002
    """CAST to the type that inference found."""
    del to
    _cast(op, input)


@lowers("Cast", since=19, layout="any")
def cast_19(op: Operation, input: str, *, to: int, saturate: int = 1) -> None:  # noqa: A002
    """CAST; ``saturate`` only concerns 8-bit floats, which TFLite has not."""
    del to, saturate
    _cast(op, input)


@lowers("Cast", since=24, layout="any")
def cast_24(op: Operation, input: str, *, to: int, saturate: int = 1, round_mode: str = "up") -> None:  # noqa: A002
    """CAST; ``saturate`` and ``round_mode`` only concern 8-bit floats, which TFLite has not."""
    del to, saturate, round_mode
    _cast(op, input)


def _cast(op: Operation, value: str) -> None:
    """A float becomes a boolean by comparison: LiteRT's CAST would truncate 0.5 to false.

    What CAST has no kernel for, uint64, is the int64 of the same bits.
    """
    source, target = op.dtype(value), op.dtype(op.output)
    data = op.input(value)
    if np.uint64 in (source, target):
        if {source.name, target.name} != {"int64", "uint64"}:
            op.refuse(f"from {source.name} to {target.name} is legalised before, not emitted")
        op.add("BITCAST", (data,), (op.result(),))
        return
    if source.kind == "f" and target.kind == "b":
        op.add("NOT_EQUAL", (data, op.small([0.0], dtype=np.float32)), (op.result(),))
        return
    tensors = op.emitter.builder.tensors
    result = op.result()
    if tensors[data].dtype == tensors[result].dtype:
        shape = op.tensor_shape(data)
        op.add("RESHAPE", (data, op.small(shape)), (result,), newShape=shape)
        return
    op.add(
        "CAST",
        (data,),
        (result,),
        inDataType=tensors[data].dtype.name,
        outDataType=tensors[result].dtype.name,
    )
