"""Integers of a type that LiteRT has no kernel for are computed in one that it has, bit for bit.

8 and 16 bits are computed in 32 and unsigned 32 in 64: casting back cuts the same bits off that the
operator itself would have lost. An unsigned 64-bit number is the signed one of the same bits; where order
matters, both get their top bit turned over first.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

LOWEST_INT64 = np.array(np.iinfo(np.int64).min, np.int64)

_WIDE = ("int32", "int64")
_ORDERED = ("Less", "LessOrEqual", "Greater", "GreaterOrEqual")
_EXTREMES = ("Max", "Min", "ReduceMax", "ReduceMin")
KERNELS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("Add", "Sub", "CumSum", "ReduceSum", "ReduceMean", *_ORDERED), frozenset(_WIDE)),
        **dict.fromkeys(("Mul", "ReduceProd"), frozenset(_WIDE)),
        **dict.fromkeys(("Max", "Min"), frozenset((*_WIDE, "int8", "uint8", "int16"))),
        **dict.fromkeys(("ReduceMax", "ReduceMin"), frozenset((*_WIDE, "int8", "uint8", "int16", "bool"))),
        "Abs": frozenset(("int32",)),
        "Div": frozenset(("int32",)),
        "Equal": frozenset((*_WIDE, "bool")),
        "Mod": frozenset(_WIDE),
        "Neg": frozenset(_WIDE),
        **dict.fromkeys(("Pow", "PRelu", "Relu"), frozenset[str]()),
        "Sign": frozenset(("int32",)),
    }
)
"""Per operator: the integer types whose kernel in LiteRT computes what ONNX means (tried one by one)."""

_COMPUTED_IN: Mapping[str, type[np.generic]] = MappingProxyType(
    {
        **dict.fromkeys(("int8", "uint8", "int16", "uint16"), np.int32),
        **dict.fromkeys(("uint32", "uint64"), np.int64),
    }
)
# Operators whose further inputs are not of the data's type.
_ONE_OPERAND = (
    "Abs",
    "Neg",
    "Sign",
    "CumSum",
    "ReduceSum",
    "ReduceMean",
    "ReduceProd",
    "ReduceMax",
    "ReduceMin",
)


def has_kernel(op: str, dtype: np.dtype[np.generic]) -> bool:
    """Whether LiteRT computes ``op`` on elements of ``dtype`` as ONNX means it; floats always."""
    return op not in KERNELS or dtype.kind == "f" or dtype.name in KERNELS[op]


def _widened(node: Node, b: Builder) -> Replacement | Refusal | None:
    dtype = b.dtype(node.inputs[0])
    if has_kernel(node.op, dtype) or dtype.name not in _COMPUTED_IN or not KERNELS[node.op]:
        return None
    if dtype == np.uint64:
        return _unsigned_64(node, b)
    if dtype.kind == "u" and node.op in ("Abs", "Sign"):
        return _unsigned_sign(node, b)
    wide = _COMPUTED_IN[dtype.name]
    result = b.again(node, *_cast_operands(node, wide, b))
    return b.cast(result, b.dtype(node.name))


def _cast_operands(node: Node, dtype: type[np.generic], b: Builder) -> list[str]:
    count = 1 if node.op in _ONE_OPERAND else len(node.inputs)
    return [b.cast(v, dtype) if i < count else v for i, v in enumerate(node.inputs)]


def _unsigned_sign(node: Node, b: Builder) -> Replacement:
    x = node.inputs[0]
    return x if node.op == "Abs" else b.cast(b.cast(x, np.bool_), b.dtype(x))


def _unsigned_64(node: Node, b: Builder) -> Replacement | Refusal | None:
    if node.op in ("Abs", "Sign"):
        return _unsigned_sign(node, b)
    if node.op in ("Div", "Mod"):
        return None  # rules of their own
    if node.op == "ReduceMean":
        return Refusal(got="a mean of uint64", hint="cast to int64 or float before it")
    operands = _cast_operands(node, np.int64, b)
    ordered = node.op in (*_ORDERED, *_EXTREMES)
    if ordered:
        count = 1 if node.op in _ONE_OPERAND else len(operands)
        operands = [turned(v, b) if i < count else v for i, v in enumerate(operands)]
    result = b.again(node, *operands)
    result = turned(result, b) if ordered and b.dtype(result) == np.int64 else result
    return b.cast(result, b.dtype(node.name))


def turned(value: str, b: Builder) -> str:
    """An int64 with its top bit turned over: signed order of the result is unsigned order of ``value``."""
    array = b.constant(value)
    if array is not None:
        return b.workspace.intern(array ^ LOWEST_INT64, f"{value}/turned")
    return b.add("Add", value, LOWEST_INT64)


def _wide_sign(node: Node, b: Builder) -> Replacement | None:
    """Abs and Sign of int64, which have no kernel."""
    x = node.inputs[0]
    if b.dtype(x) != np.int64:
        return None
    if node.op == "Abs":
        return b.add("Max", x, b.add("Neg", x))
    above, below = (b.cast(b.add(op, x, 0), np.int64) for op in ("Greater", "Less"))
    return b.add("Sub", above, below)


RULES = (
    Rule(name="integer-types", ops=tuple(KERNELS), apply=_widened),
    Rule(name="int64-sign", ops=("Abs", "Sign"), apply=_wide_sign),
)
