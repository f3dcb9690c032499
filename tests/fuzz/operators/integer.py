"""Bits of integers, and products of quantised ones."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.fuzz.draft import Draft
from tests.fuzz.operators.broadcast import partner


def _bitwise(op: str, d: Draft) -> None:
    x = d.operand("int32", "int64", "uint8", "int8")
    d.add(op, [x, partner(d, x, low=0, high=7)])


def _bitwise_not(d: Draft) -> None:
    d.add("BitwiseNot", [d.operand("int32", "int64", "uint8", "int8")])


def _bit_shift(d: Draft) -> None:
    x = d.operand("uint8", "uint32", "uint64")
    d.add("BitShift", [x, partner(d, x, low=0, high=3)], direction=d.choose.of(["LEFT", "RIGHT"]))


def _zero_points(d: Draft, kind: str, other: str) -> list[str]:
    """None, one, or two zero points."""
    count = d.choose.integer(0, 2)
    return [d.constant(np.asarray(d.choose.integer(1, 5), k)) for k in (kind, other)[:count]]


def _matmul_integer(d: Draft) -> None:
    x = d.operand("uint8", ranks=(2, 3))
    kind = d.choose.of(["uint8", "int8"])
    weights = d.weight((x.shape[-1], d.choose.integer(1, 4)), kind, 0, 9, runtime=20)
    d.add("MatMulInteger", [x, weights, *_zero_points(d, "uint8", kind)])


def _conv_integer(d: Draft) -> None:
    x = d.operand("uint8", ranks=(4,), shape=lambda: (1, 2, 5, 7))
    weights = d.weight((3, x.shape[1], 2, 1), "uint8", 0, 9, runtime=10)
    strides = d.choose.of([[1, 1], [2, 1]])
    d.add("ConvInteger", [x, weights, *_zero_points(d, "uint8", "uint8")], strides=strides)


def _dynamic_quantize(d: Draft) -> None:
    x = d.operand(ranks=(1, 2, 3), where=lambda v: v.array.dtype == np.float32)
    d.add("DynamicQuantizeLinear", [x], outputs=3)


def _quantize(d: Draft) -> None:
    """QuantizeLinear and DequantizeLinear, per tensor or along an axis."""
    x = d.operand()
    axis = d.choose.integer(0, x.rank - 1) if d.opset >= 13 and d.choose.chance(40) else None
    shape = () if axis is None else (x.shape[axis],)
    kind = d.choose.of(["uint8", "int8"])
    scale = d.constant(d.numbers(shape, "float", 0.02, 0.1))
    rest = [d.constant(d.numbers(shape, kind, 0, 9))] if d.choose.chance(80) or kind == "int8" else []
    (q,) = d.add("QuantizeLinear", [x, scale, *rest], axis=axis)
    d.add("DequantizeLinear", [q, scale, *rest], axis=axis)


TABLE = {
    **{op: partial(_bitwise, op) for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")},
    "BitwiseNot": _bitwise_not,
    "BitShift": _bit_shift,
    "MatMulInteger": _matmul_integer,
    "ConvInteger": _conv_integer,
    "DynamicQuantizeLinear": _dynamic_quantize,
    "QuantizeLinear": _quantize,
}
