"""Pieces for Core ML: taken from what they were just joined of, or where there is only one."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _of_concat(node: Node, b: Builder) -> Replacement | None:
    """A Split into the very pieces of a Concat."""
    x, rank = node.inputs[0], b.rank(node.inputs[0])
    before = b.producer(x)
    if before is None or before.op != "Concat" or before.domain or not all(node.outputs):
        return None
    axis = node["axis"] % rank
    sizes = [b.shape(value)[axis] for value in before.inputs]
    pieces = [b.shape(value)[axis] for value in node.outputs]
    return before.inputs if before["axis"] % rank == axis and sizes == pieces else None


def _only_cell(node: Node, b: Builder) -> Replacement | None:
    """The one cell of an axis is a Reshape."""
    x, place = node.inputs
    if b.shape(x)[node["axis"]] != 1 or not b.is_constant(place) or b.rank(place) > 1:
        return None
    return b.reshape(x, b.shape(node.name)) if b.type(place).size == 1 else None


RULES = (
    Rule(name="split-of-concat", ops=("Split",), apply=_of_concat),
    Rule(name="gather-only-cell", ops=("Gather",), apply=_only_cell),
)
