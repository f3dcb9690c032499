"""What LiteRT's GPU accelerator takes and mistakes: parts of one SPLIT that meet, and slopes.

Measured on LiteRT 2.3.0 over WebGPU (SwiftShader): where two parts of one SPLIT are the operands of one
operator, its driver refuses the merged shader ("writable usage and another usage in the same
synchronization scope") and the whole result is zeros, without an error. LEAKY_RELU is computed as
max(x, slope·x). All forms here are exact.
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

_MEETING = ("Add", "Div", "Max", "Min", "Mod", "Sub")


def _parts_meet(node: Node, b: Builder) -> Replacement | None:
    """Both parts as slices of their own."""
    splits = [b.producer(value) for value in node.inputs]
    first = splits[0]
    if len(splits) != 2 or first is None or first.op != "Split" or splits[1] is not first:
        return None
    parts = [_slice(first, value, b) for value in node.inputs]
    return b.add(node.op, *parts, **node.attributes)


def _slice(split: Node, part: str, b: Builder) -> str:
    sizes = b.ints(split.inputs[1]) or ()
    start = sum(sizes[: split.outputs.index(part)])
    return b.slice(split.inputs[0], split["axis"], start, start + sizes[split.outputs.index(part)])


def _slope(node: Node, b: Builder) -> Replacement | None:
    """Slopes below zero and above one: max(x, 0) + slope·min(x, 0)."""
    slope = np.float32(node["alpha"])
    if 0.0 <= slope <= 1.0:
        return None
    x = node.inputs[0]
    dtype = b.dtype(x)
    zero = np.zeros((), dtype)
    return b.add("Add", b.add("Max", x, zero), b.add("Mul", b.add("Min", x, zero), slope.astype(dtype)))


RULES = (
    Rule(name="gpu-parts-meet", ops=_MEETING, apply=_parts_meet),
    Rule(name="gpu-leaky-slope", ops=("LeakyRelu",), apply=_slope),
)
