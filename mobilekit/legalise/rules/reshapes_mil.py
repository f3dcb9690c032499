"""A Reshape of a Reshape is one Reshape; so values of too many axes in between are no more."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _merged(node: Node, b: Builder) -> Replacement | None:
    before = b.producer(node.inputs[0])
    if before is None or before.op != "Reshape" or before.domain:
        return None
    return b.reshape(before.inputs[0], b.shape(node.name)) or None


RULES = (Rule(name="reshape-of-reshape", ops=("Reshape",), apply=_merged),)
