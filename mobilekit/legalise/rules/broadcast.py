"""Runtime operands of an elementwise operator get the rank of its result; Sum, Mean, … become chains."""

from __future__ import annotations

from dataclasses import replace

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

BROADCASTING = (
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "PRelu", "Where",
    "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual",
    "And", "Or", "Xor", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor",
)  # fmt: skip
_BINARY = {"Sum": "Add", "Mean": "Add", "Max": "Max", "Min": "Min"}


def _variadic(node: Node, b: Builder) -> Replacement | None:
    """Sum, Mean, Max and Min of any number of operands, two at a time."""
    if node.op in ("Max", "Min") and len(node.inputs) == 2:
        return None
    if len(node.inputs) == 1:
        return node.inputs[0]
    total = b.chain(_BINARY[node.op], node.inputs)
    return b.add("Mul", total, 1.0 / len(node.inputs)) if node.op == "Mean" else total


def _equal_ranks(node: Node, b: Builder) -> Replacement | None:
    """A Reshape puts ones before the shape of a runtime operand of lower rank."""
    rank = b.rank(node.name)
    lifted = tuple(
        name
        if not name or b.is_constant(name)
        else b.reshape(name, (1,) * (rank - b.rank(name)) + b.shape(name))
        for name in node.inputs
    )
    return None if lifted == node.inputs else b.again(replace(node, inputs=lifted), *lifted)


RULES = (
    Rule(name="variadic", ops=tuple(_BINARY), apply=_variadic),
    Rule(name="equal-ranks", ops=BROADCASTING, apply=_equal_ranks),
)
