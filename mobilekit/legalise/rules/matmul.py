"""MatMul with both operands of rank 2 or more; vectors become matrices of one row or column."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _vectors(node: Node, b: Builder) -> Replacement | None:
    left, right = node.inputs
    if min(b.rank(left), b.rank(right)) > 1:
        return None
    if b.rank(left) == 1:
        left = b.reshape(left, (1, -1 if b.is_constant(left) else b.shape(left)[0]))
    if b.rank(right) == 1:
        right = b.reshape(right, (b.shape(right)[0], 1))
    return b.reshape(b.add("MatMul", left, right), b.shape(node.name))


RULES = (Rule(name="matmul-vectors", ops=("MatMul",), apply=_vectors),)
