"""Split with its sizes as a constant operand."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _split(node: Node, b: Builder) -> Replacement | None:
    x = node.inputs[0]
    axis = node["axis"] % b.rank(x)
    outputs = [name for name in node.outputs if name]
    if len(outputs) == 1 and b.shape(outputs[0]) == b.shape(x):
        return tuple(x if name else "" for name in node.outputs)
    if len(outputs) != len(node.outputs):
        return None
    sizes = tuple(b.shape(name)[axis] for name in outputs)
    if node.attributes == {"axis": axis} and b.ints(node.input(1)) == sizes:
        return None
    return b.add_many("Split", x, list(sizes), outputs=len(outputs), axis=axis)


RULES = (Rule(name="split", ops=("Split",), apply=_split),)
