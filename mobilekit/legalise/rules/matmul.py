"""MatMul of floats with both operands of rank 2 to 5; integers as sums of products."""

from __future__ import annotations

from math import prod

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

HIGHEST_RANK = 5
_MOST_PRODUCTS = 1 << 24


def _empty(node: Node, b: Builder) -> Replacement | None:
    """A sum of no products is zero; LiteRT's kernels refuse it."""
    if b.shape(node.inputs[0])[-1]:
        return None
    kind = b.type(node.name)
    return b.workspace.intern(np.zeros(kind.shape, kind.dtype), f"{node.name}/zeros")


def _vectors(node: Node, b: Builder) -> Replacement | None:
    """Vectors become matrices of one row or column."""
    left, right = node.inputs
    if min(b.rank(left), b.rank(right)) > 1:
        return None
    if b.rank(left) == 1:
        left = b.reshape(left, (1, -1 if b.is_constant(left) else b.shape(left)[0]))
    if b.rank(right) == 1:
        right = b.reshape(right, (b.shape(right)[0], 1))
    return b.reshape(b.add("MatMul", left, right), b.shape(node.name))


def _integers(node: Node, b: Builder) -> Replacement | Refusal | None:
    """Σ a·b over an axis of its own, which wraps as the operator does."""
    if b.type(node.name).is_float:
        return None
    left, right, batch = _flat(node, b)
    (rows, inner), columns = b.shape(left)[-2:], b.shape(right)[-1]
    if batch * rows * inner * columns > _MOST_PRODUCTS:
        return Refusal(
            got=f"a product of {b.dtype(left).name} over {inner} elements", hint="cast to float before it"
        )
    one = b.reshape(left, (*b.shape(left), 1))
    other = b.reshape(right, (*b.shape(right)[:-2], 1, inner, columns))
    total = b.add("ReduceSum", b.add("Mul", one, other), [b.rank(one) - 2], keepdims=0)
    return b.reshape(total, b.shape(node.name))


def _high_rank(node: Node, b: Builder) -> Replacement | None:
    """All axes of the batch as one."""
    if max(b.rank(v) for v in node.inputs) <= HIGHEST_RANK:
        return None
    left, right, _ = _flat(node, b)
    return b.reshape(b.add("MatMul", left, right), b.shape(node.name))


def _flat(node: Node, b: Builder) -> tuple[str, str, int]:
    """Both operands as ``[batch, rows, columns]``, broadcast where their batches differ; and the batch."""
    shapes = [b.shape(v) for v in node.inputs]
    batch = np.broadcast_shapes(shapes[0][:-2], shapes[1][:-2])
    flat = []
    for value, shape in zip(node.inputs, shapes, strict=True):
        if prod(shape[:-2]) == 1:
            flat.append(b.reshape(value, (1, *shape[-2:])))
            continue
        full = (*batch, *shape[-2:])
        spread = value if shape == full else b.add("Expand", value, list(full))
        flat.append(b.reshape(spread, (prod(batch), *shape[-2:])))
    return flat[0], flat[1], prod(batch)


RULES = (
    Rule(name="matmul-empty", ops=("MatMul",), apply=_empty),
    Rule(name="matmul-vectors", ops=("MatMul",), apply=_vectors),
    Rule(name="matmul-integers", ops=("MatMul",), apply=_integers),
    Rule(name="matmul-rank", ops=("MatMul",), apply=_high_rank),
)
