"""Reductions for Core ML: of a Transpose or a Reshape of a map they are reductions of the map itself."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.regroup_mil import groups_of, is_only_shape

_OPS = (
    "ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
    "ReduceSumSquare",
)  # fmt: skip
_OF_EQUALS = ("ReduceMax", "ReduceMean", "ReduceMin")


def _axes(node: Node, b: Builder) -> tuple[int, ...]:
    rank = b.rank(node.inputs[0])
    return tuple(sorted(axis % rank for axis in b.ints(node.input(1)) or ()))


def _of_transpose(node: Node, b: Builder) -> Replacement | None:
    """Reduce first, along the axes where they lie, then transpose what is left.

    Where others read the Transpose too, only if what is left has nothing to move.
    """
    before, axes = b.producer(node.inputs[0]), _axes(node, b)
    if before is None or before.op != "Transpose" or before.domain or not axes:
        return None
    perm = tuple(before["perm"])
    left = [1 if perm.index(i) in axes else size for i, size in enumerate(b.shape(before.inputs[0]))]
    if not b.is_used_once(node.inputs[0]) and not is_only_shape(left, perm):
        return None
    reduced = b.again(node, before.inputs[0], sorted(perm[axis] for axis in axes))
    if node["keepdims"]:
        return b.transpose(reduced, perm)
    kept = [perm[axis] for axis in range(len(perm)) if axis not in axes]
    return b.transpose(reduced, [sorted(kept).index(axis) for axis in kept])


def _of_reshape(node: Node, b: Builder) -> Replacement | None:
    """The axes that a Reshape made of one, or one of several, reduced as they were before."""
    before, axes = b.producer(node.inputs[0]), _axes(node, b)
    if before is None or before.op != "Reshape" or before.domain or not axes:
        return None
    source = b.shape(before.inputs[0])
    if len(source) > 5 or b.type(node.inputs[0]).size != b.type(before.inputs[0]).size:
        return None
    along: list[int] = []
    for group in groups_of(source, b.shape(node.inputs[0])):
        inside = [axis in axes for axis in group.after]
        if any(inside) != all(inside):
            return None
        along += group.before if all(inside) else ()
    if not along:
        return None
    return b.reshape(b.again(node, before.inputs[0], along, keepdims=1), b.shape(node.name))


def _of_equals(node: Node, b: Builder) -> Replacement | None:
    """The extreme, or the mean, of copies of one tensor side by side is that of the tensor."""
    before, axes = b.producer(node.inputs[0]), _axes(node, b)
    if before is None or before.op != "Concat" or before.domain or len(set(before.inputs)) != 1:
        return None
    if before["axis"] % b.rank(node.inputs[0]) not in axes:
        return None
    return b.again(node, before.inputs[0], list(axes))


RULES = (
    Rule(name="reduction-of-transpose", ops=_OPS, apply=_of_transpose),
    Rule(name="reduction-of-reshape", ops=_OPS, apply=_of_reshape),
    Rule(name="reduction-of-equals", ops=_OF_EQUALS, apply=_of_equals),
)
