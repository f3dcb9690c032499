"""Reductions with constant, non-negative, sorted axes; norms and logarithms of sums in terms of sums."""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

PLAIN = ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd")
COMPOUND = ("ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp")


def _axes(node: Node, b: Builder) -> Replacement | Refusal | None:
    """Write the axes out; a reduction over none is what the operator does to each element."""
    x, given = node.inputs[0], node.input(1)
    if given and not b.is_constant(given):
        return Refusal(got="axes computed at run time", hint="export the model with constant axes")
    listed = b.ints(given) if given else ()
    if not listed and node["noop_with_empty_axes"]:
        return _elementwise(node, b)
    rank = b.rank(x)
    axes = sorted({a % rank for a in listed}) if listed else list(range(rank))
    if not axes:
        return _elementwise(node, b)
    written = {"keepdims": node["keepdims"]}
    if listed == tuple(axes) and node.attributes == written:
        return None
    return b.add(node.op, x, axes, **written)


def _elementwise(node: Node, b: Builder) -> str:
    x = node.inputs[0]
    if node.op in ("ReduceL1", "ReduceL2"):
        return b.add("Abs", x)
    if node.op == "ReduceSumSquare":
        return b.add("Mul", x, x)
    return b.add("Log", x) if node.op == "ReduceLogSum" else x


def _compound(node: Node, b: Builder) -> Replacement:
    x, axes = node.inputs
    keep = node["keepdims"]
    if node.op == "ReduceL1":
        return b.add("ReduceSum", b.add("Abs", x), axes, keepdims=keep)
    if node.op == "ReduceLogSum":
        return b.add("Log", b.add("ReduceSum", x, axes, keepdims=keep))
    if node.op == "ReduceLogSumExp":
        return _log_sum_exp(x, axes, keep, b)
    total = b.add("ReduceSum", b.add("Mul", x, x), axes, keepdims=keep)
    return b.add("Sqrt", total) if node.op == "ReduceL2" else total


def _log_sum_exp(x: str, axes: str, keep: int, b: Builder) -> str:
    """M + log Σ exp(x − m), m the largest finite x, so that nothing overflows."""
    lowest = float(np.finfo(b.dtype(x)).min)
    peak = b.add("Clip", b.add("ReduceMax", x, axes, keepdims=1), lowest, -lowest)
    total = b.add("ReduceSum", b.add("Exp", b.add("Sub", x, peak)), axes, keepdims=keep)
    return b.add("Add", b.add("Log", total), b.reshape(peak, b.shape(total)))


def _booleans(node: Node, b: Builder) -> Replacement | None:
    """ReduceMax (any) and ReduceMin (all) of booleans, on integers."""
    x = node.inputs[0]
    if b.dtype(x) != np.bool_:
        return None
    reduced = b.again(node, b.cast(x, np.int32), *node.inputs[1:])
    return b.cast(reduced, np.bool_)


def _arg(node: Node, b: Builder) -> Replacement | None:
    """select_last_index looks for the first along the reversed axis."""
    x = node.inputs[0]
    axis = node["axis"] % b.rank(x)
    written = {"axis": axis, "keepdims": node["keepdims"]}
    if node["select_last_index"]:
        size = b.shape(x)[axis]
        back = b.add("Gather", x, np.arange(size)[::-1].copy(), axis=axis)
        return b.add("Sub", np.asarray(size - 1, np.int64), b.add(node.op, back, **written))
    return None if node.attributes == written else b.add(node.op, x, **written)


RULES = (
    Rule(name="reduce-axes", ops=(*PLAIN, *COMPOUND), apply=_axes),
    Rule(name="reduce-booleans", ops=("ReduceMax", "ReduceMin"), apply=_booleans),
    Rule(name="reduce-compound", ops=COMPOUND, apply=_compound),
    Rule(name="arg", ops=("ArgMax", "ArgMin"), apply=_arg),
)
