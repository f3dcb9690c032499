"""Bits of integers."""

from __future__ import annotations

from functools import partial

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


TABLE = {
    **{op: partial(_bitwise, op) for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")},
    "BitwiseNot": _bitwise_not,
    "BitShift": _bit_shift,
}
