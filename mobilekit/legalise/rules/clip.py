"""Clip of floats with both bounds constant; one bound, and integers, are a Relu, Max or Min."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _clip(node: Node, b: Builder) -> Replacement | None:
    x, low, high = node.inputs[0], node.input(1), node.input(2)
    if not low and not high:
        return x
    if b.type(x).is_float:
        if low and high and b.is_constant(low) and b.is_constant(high):
            return None
        if not high and b.scalar(low) == 0:
            return b.add("Relu", x)
    above = b.add("Max", x, low) if low else x
    return b.add("Min", above, high) if high else above


RULES = (Rule(name="clip", ops=("Clip",), apply=_clip),)
