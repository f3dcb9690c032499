"""OneHot, Hardmax and Trilu in terms of others; CumSum along a constant axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

if TYPE_CHECKING:
    from mobilekit.tensors import Array


def _one_hot(node: Node, b: Builder) -> Replacement | Refusal | None:
    """Where(Equal(index, 0 … depth − 1), on, off); indices outside the depth match nothing.

    Nor do fractions, as in ONNX Runtime; ONNX's text would cut them.
    """
    indices, depth, values = node.inputs
    count = b.scalar(depth)
    if count is None:
        return Refusal(got="a depth computed at run time", hint="export the model with a constant depth")
    rank = b.rank(node.name)
    axis = node["axis"] % rank
    index = indices if b.type(indices).is_float else b.cast(indices, np.int64)
    shape = list(b.shape(index))
    wrapped = b.add("Where", b.add("Less", index, 0), b.add("Add", index, int(count)), index)
    lifted = b.reshape(wrapped, [*shape[:axis], 1, *shape[axis:]])
    hit = b.add("Equal", lifted, _along(np.arange(int(count), dtype=b.dtype(index)), axis, rank))
    array = b.constant(values)
    if array is not None:
        return b.add("Where", hit, array[1], array[0])
    off, on = (b.slice(values, 0, i, i + 1) for i in range(2))
    return b.add("Where", hit, *(b.reshape(v, (1,) * rank) for v in (on, off)))


def _along(array: Array, axis: int, rank: int) -> Array:
    """A vector as a tensor of ``rank`` that lies along ``axis``."""
    shape = [1] * rank
    shape[axis] = -1
    return array.reshape(shape)


def _hardmax(node: Node, b: Builder) -> Replacement:
    """One at the first maximum along the axis, zero elsewhere."""
    x = node.inputs[0]
    axis = node["axis"] % b.rank(x)
    first = b.add("ArgMax", x, axis=axis, keepdims=1)
    steps = _along(np.arange(b.shape(x)[axis], dtype=np.int64), axis, b.rank(x))
    return b.cast(b.add("Equal", first, steps), b.dtype(x))


def _trilu(node: Node, b: Builder) -> Replacement | Refusal | None:
    """Zero outside the triangle, by a constant mask."""
    x, k = node.inputs[0], node.input(1)
    if k and not b.is_constant(k):
        return Refusal(got="k computed at run time", hint="export the model with a constant k")
    offset = int(b.scalar(k) or 0) if k else 0
    ones = np.ones(b.shape(x)[-2:], bool)
    mask = np.triu(ones, offset) if node["upper"] else np.tril(ones, offset)
    return b.add("Where", mask, x, np.zeros((), b.dtype(x)))


def _cum_sum(node: Node, b: Builder) -> Replacement | Refusal | None:
    """A constant, non-negative axis."""
    x, axis = node.inputs
    given = b.ints(axis)
    if given is None:
        return Refusal(got="an axis computed at run time", hint="export the model with a constant axis")
    positive = given[0] % b.rank(x)
    return None if positive == given[0] else b.again(node, x, np.asarray(positive, np.int64))


RULES = (
    Rule(name="one-hot", ops=("OneHot",), apply=_one_hot),
    Rule(name="hardmax", ops=("Hardmax",), apply=_hardmax),
    Rule(name="trilu", ops=("Trilu",), apply=_trilu),
    Rule(name="cum-sum", ops=("CumSum",), apply=_cum_sum),
)
