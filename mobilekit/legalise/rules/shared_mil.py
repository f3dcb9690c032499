"""What is computed twice, for Core ML: once; rules leave such nodes behind, exporters keep others apart."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

_OPS = (
    "Add", "Conv", "Div", "Mul", "ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum",
    "ReduceSumSquare", "Reshape", "Sub", "Transpose",
)  # fmt: skip
_COMPARED = 64
"""Elements of a constant that is compared by value; larger ones are compared by name."""


def _again(node: Node, b: Builder) -> Replacement | None:
    """The result of an equal node before this one."""
    x = next((value for value in node.inputs if not b.is_constant(value)), "")
    if not x or b.is_output(node.name) or len(node.outputs) != 1:
        return None
    wanted = _said(node, b)
    for other in b.readers(x):
        if other.name == node.name:
            return None
        if other.op == node.op and _said(other, b) == wanted:
            return other.name
    return None


def _said(node: Node, b: Builder) -> tuple[object, ...]:
    operands = tuple(_operand(value, b) for value in node.inputs)
    return node.op, node.domain, len(node.outputs), operands, tuple(sorted(node.attributes.items()))


def _operand(value: str, b: Builder) -> object:
    array = b.constant(value) if value else None
    if array is None or array.size > _COMPARED:
        return value
    return array.dtype.name, array.shape, array.tobytes()


RULES = (Rule(name="computed-twice", ops=_OPS, apply=_again),)
