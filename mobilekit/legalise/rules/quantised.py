"""QuantizeLinear and DequantizeLinear in float32 arithmetic: the very integers of ONNX's definition.

TFLite's own QUANTIZE and DEQUANTIZE round ties away from zero and take constant scales only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

INTEGERS = frozenset({"int8", "uint8", "int16", "uint16", "int32"})
"""Element types that TFLite holds and float32 arithmetic reaches."""


def _quantize(node: Node, b: Builder) -> Replacement | Refusal:
    """saturate(round(x / scale) + zero point), ties to even."""
    import onnx

    x, scale = node.inputs[:2]
    target = b.dtype(node.name)
    if target.name not in INTEGERS:
        return Refusal(got=f"elements of type {target.name}", hint="quantise to int8 or uint8")
    precision = node.attributes.get("precision", 0)
    if precision not in (0, onnx.TensorProto.FLOAT):
        return Refusal(got=f"precision={precision}", hint="leave the division to float32")
    steps = b.add("Round", b.add("Div", b.cast(x, np.float32), spread(node, scale, b)))
    return saturated(_shifted("Add", steps, node, b), target, b)


def _dequantize(node: Node, b: Builder) -> Replacement | Refusal:
    """(x − zero point) · scale."""
    x, scale = node.inputs[:2]
    if b.dtype(x).name not in INTEGERS:
        return Refusal(got=f"elements of type {b.dtype(x).name}", hint="quantise to int8 or uint8")
    offset = _shifted("Sub", b.cast(x, np.float32), node, b)
    return b.cast(b.add("Mul", offset, spread(node, scale, b)), b.dtype(node.name))


def saturated(value: str, target: np.dtype[Any], b: Builder) -> str:
    """Whole numbers in float32 as integers of another type, ends for what is outside it."""
    ends = np.iinfo(target)
    return b.cast(b.add("Clip", value, float(ends.min), float(ends.max)), target)


def _shifted(op: str, value: str, node: Node, b: Builder) -> str:
    """``value`` with the zero point added or subtracted, if there is one that is not zero."""
    zero = node.input(2)
    array = b.constant(zero) if zero else None
    if not zero or (array is not None and not array.any()):
        return value
    return b.add(op, value, spread(node, b.cast(zero, np.float32), b))


def spread(node: Node, value: str, b: Builder) -> str:
    """A scale or zero point (of the tensor, of each slice along ``axis``, or of each block) as x needs it."""
    x = node.inputs[0]
    rank, axis = b.rank(x), node["axis"] % max(1, b.rank(x))
    if b.type(value).size == 1:
        return b.reshape(value, (1,) * rank) if rank else b.reshape(value, ())
    if b.rank(value) == 1:
        return b.reshape(value, tuple(b.type(value).size if i == axis else 1 for i in range(rank)))
    places = np.arange(b.shape(x)[axis], dtype=np.int64) // node["block_size"]
    array = b.constant(value)
    if array is None:
        return b.add("Gather", value, places, axis=axis)
    return b.workspace.intern(np.ascontiguousarray(array.take(places, axis)), f"{value}/blocks")


RULES = (
    Rule(name="quantize-linear", ops=("QuantizeLinear",), apply=_quantize),
    Rule(name="dequantize-linear", ops=("DequantizeLinear",), apply=_dequantize),
)
