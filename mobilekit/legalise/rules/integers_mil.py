"""Integers for Core ML, which has 32 bits: wider ones are computed in those, narrower ones wrap by a cast.

Constants and inputs outside int32 are refused where they would enter, so an unsigned number is its own
signed one.
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.division import remainder
from mobilekit.legalise.rules.integers import KERNELS

_ONE_OPERAND = (
    "Abs", "Neg", "Sign", "CumSum", "ReduceSum", "ReduceMean", "ReduceProd", "ReduceMax", "ReduceMin",
    "ArgMax", "ArgMin", "TopK",
)  # fmt: skip
_LOGIC = {"BitwiseAnd": "And", "BitwiseOr": "Or", "BitwiseXor": "Xor"}
_TOP = 30
"""The highest power of two that an int32 holds."""
_LOWEST = -(1 << 31)


def _unsigned(node: Node, b: Builder) -> Replacement | None:
    """Unsigned 32 and 64 bits as int64, 8 and 16 as int32, and back: the cast back wraps."""
    dtype = b.dtype(node.inputs[0])
    wide = np.int64 if dtype.name in ("uint32", "uint64") else np.int32
    if dtype.kind not in "iu" or dtype.name in ("int32", "int64"):
        return None
    if dtype.kind == "u" and node.op == "Sign":
        return b.cast(b.cast(node.inputs[0], np.bool_), dtype)
    if dtype.kind == "u" and node.op == "Abs":
        return node.inputs[0]
    count = 1 if node.op in _ONE_OPERAND else len(node.inputs)
    operands = [b.cast(v, wide) if v and i < count else v for i, v in enumerate(node.inputs)]
    if len(node.outputs) == 1:
        return b.cast(b.again(node, *operands), b.dtype(node.name))
    made = b.add_many(node.op, *operands, outputs=len(node.outputs), **node.attributes)
    return tuple(b.cast(v, b.dtype(o)) if o else "" for v, o in zip(made, node.outputs, strict=True))


def _mean(node: Node, b: Builder) -> Replacement | None:
    """The sum divided, towards zero, as ONNX Runtime has it."""
    x, axes = node.inputs[0], node.input(1)
    if b.type(x).is_float:
        return None
    total = b.add("ReduceSum", x, axes, keepdims=node["keepdims"])
    return b.add("Div", total, b.type(x).size // b.type(total).size)


def _fmod(node: Node, b: Builder) -> Replacement | None:
    x, y = node.inputs
    return remainder(x, y, b) if not b.type(x).is_float and node["fmod"] else None


def _bitwise(node: Node, b: Builder) -> Replacement:
    """By the bits themselves, one after the other: Σ 2^k · bit_k, the sign apart."""
    dtype = b.dtype(node.name)
    sides = [_bits(b.cast(v, np.int64), b) for v in node.inputs]
    logic = _LOGIC[node.op]
    total = ""
    for k, (one, other) in enumerate(zip(*sides, strict=True)):
        weight = np.int64(1 << k if k <= _TOP else _LOWEST)
        part = b.add("Where", b.add(logic, one, other), weight, np.int64(0))
        total = b.add("Add", total, part) if total else part
    return b.cast(total, dtype)


def _bits(x: str, b: Builder) -> list[str]:
    """31 bits and the sign, as truth values."""
    negative = b.add("Less", x, np.int64(0))
    rest = b.add("Where", negative, b.add("Sub", x, np.int64(_LOWEST)), x)
    bits = []
    for k in range(_TOP):
        low = b.add("Mod", rest, np.int64(2 << k))
        bits.append(b.add("GreaterOrEqual", low, np.int64(1 << k)))
    return [*bits, b.add("GreaterOrEqual", rest, np.int64(1 << _TOP)), negative]


def _shift(node: Node, b: Builder) -> Replacement | Refusal:
    """A product with a power of two, or a quotient rounded down."""
    x, by = node.inputs
    dtype = b.dtype(x)
    powers = np.array([1 << min(k, _TOP) for k in range(64)], np.int64)
    places = b.constant(by)
    if places is not None:
        power = b.workspace.intern(np.asarray(powers[places]), f"{by}/power")
    else:
        power = b.add("Gather", powers, b.cast(by, np.int64), axis=0)
    wide = b.cast(x, np.int64)
    if node["direction"] == "LEFT":
        return b.cast(b.add("Mul", wide, power), dtype)
    return b.cast(b.add("Div", b.add("Sub", wide, b.add("Mod", wide, power)), power), dtype)


def _cast(node: Node, b: Builder) -> Replacement | None:
    """Floats become narrow integers by way of int32, which loses upper bits instead of saturating."""
    x = node.inputs[0]
    source, target = b.dtype(x), b.dtype(node.name)
    if source == target:
        return x
    if b.type(x).is_float and target.kind in "iu":
        if target.itemsize < 4:
            return b.cast(b.cast(x, np.int32), target)
        return b.cast(b.cast(x, np.int64), target) if target.kind == "u" else None
    if target == np.bool_ and source.kind == "u":
        return b.cast(b.cast(x, np.int64), np.bool_)
    return None


RULES = (
    Rule(name="integers-mil", ops=(*KERNELS, "ArgMax", "ArgMin", "TopK"), apply=_unsigned),
    Rule(name="mean-mil", ops=("ReduceMean",), apply=_mean),
    Rule(name="remainder-mil", ops=("Mod",), apply=_fmod),
    Rule(name="bitwise-mil", ops=tuple(_LOGIC), apply=_bitwise),
    Rule(name="shift-mil", ops=("BitShift",), apply=_shift),
    Rule(name="cast-mil", ops=("Cast",), apply=_cast),
)
