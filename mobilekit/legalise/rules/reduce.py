"""Reductions with constant, non-negative, sorted axes; norms and logarithms of sums in terms of sums."""

from __future__ import annotations

from math import prod

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

HIGHEST_RANK = 6
PLAIN = ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd")
COMPOUND = ("ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp")


_OVER_NOTHING = {
    "ReduceSum": 0.0, "ReduceL1": 0.0, "ReduceL2": 0.0, "ReduceSumSquare": 0.0, "ReduceProd": 1.0,
    "ReduceMax": -np.inf, "ReduceMin": np.inf, "ReduceLogSum": -np.inf, "ReduceLogSumExp": -np.inf,
}  # fmt: skip


def _empty(node: Node, b: Builder) -> Replacement | Refusal | None:
    """Over no elements the result is the operator's neutral one, for infinities of integers their ends."""
    kind = b.type(node.name)
    if b.type(node.inputs[0]).size or not kind.size:
        return None
    value = _OVER_NOTHING.get(node.op)
    if value is None or (node.op.startswith("ReduceLog") and not kind.is_float):
        return Refusal(got="no elements to reduce", hint="leave this step out")
    if np.isinf(value) and kind.dtype.kind in "iu":
        limits = np.iinfo(kind.dtype)
        value = limits.min if value < 0 else limits.max
    if np.isinf(value) and kind.dtype == np.bool_:
        value = value > 0
    return b.workspace.intern(np.full(kind.shape, value, kind.dtype), f"{node.name}/neutral")


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


def _elementwise(node: Node, b: Builder) -> str | Refusal:
    x = node.inputs[0]
    if node.op in ("ReduceL1", "ReduceL2"):
        return b.add("Abs", x)
    if node.op == "ReduceSumSquare":
        return b.add("Mul", x, x)
    if node.op == "ReduceLogSum":
        return b.add("Log", x) if b.type(x).is_float else _no_logarithm(x, b)
    return x


def _no_logarithm(x: str, b: Builder) -> Refusal:
    return Refusal(got=f"a logarithm of {b.dtype(x).name}", hint="cast to float before it")


def _compound(node: Node, b: Builder) -> Replacement | Refusal:
    x, axes = node.inputs
    keep = node["keepdims"]
    if not b.type(x).is_float and node.op.startswith("ReduceLog"):
        return _no_logarithm(x, b)
    if node.op == "ReduceL1":
        return b.add("ReduceSum", b.add("Abs", x), axes, keepdims=keep)
    if node.op == "ReduceLogSum":
        return b.add("Log", b.add("ReduceSum", x, axes, keepdims=keep))
    if node.op == "ReduceLogSumExp":
        return _log_sum_exp(x, axes, keep, b)
    total = b.add("ReduceSum", b.add("Mul", x, x), axes, keepdims=keep)
    return _root(total, b) if node.op == "ReduceL2" else total


def _root(total: str, b: Builder) -> str | Refusal:
    """The square root; of integers the whole part, found in float32 and corrected by one either way."""
    dtype = b.dtype(total)
    if b.type(total).is_float:
        return b.add("Sqrt", total)
    if dtype.itemsize > 4:
        return Refusal(got=f"a square root of {dtype.name}", hint="cast to float before it")
    wide = b.cast(total, np.int64)
    root = b.cast(b.add("Sqrt", b.cast(wide, np.float32)), np.int64)
    over = b.add("Greater", b.add("Mul", root, root), wide)
    root = b.add("Sub", root, b.cast(over, np.int64))
    following = b.add("Add", root, 1)
    under = b.add("LessOrEqual", b.add("Mul", following, following), wide)
    return b.cast(b.add("Where", under, following, root), dtype)


def _log_sum_exp(x: str, axes: str, keep: int, b: Builder) -> str:
    """M + log Σ exp(x − m), m the largest finite x, so that nothing overflows."""
    lowest = float(np.finfo(b.dtype(x)).min)
    peak = b.add("Clip", b.add("ReduceMax", x, axes, keepdims=1), lowest, -lowest)
    total = b.add("ReduceSum", b.add("Exp", b.add("Sub", x, peak)), axes, keepdims=keep)
    return b.add("Add", b.add("Log", total), b.reshape(peak, b.shape(total)))


def _high_rank(node: Node, b: Builder) -> Replacement | None:
    """More axes than the kernels take: those that stay as one, those that go as another."""
    x, axes = node.inputs[0], b.ints(node.input(1))
    shape = b.shape(x)
    if len(shape) <= HIGHEST_RANK or not axes:
        return None
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    moved = b.transpose(x, [*kept, *axes])
    flat = b.reshape(moved, (prod(shape[a] for a in kept), prod(shape[a] for a in axes)))
    return b.reshape(b.add(node.op, flat, [1], keepdims=0), b.shape(node.name))


def _softmax(node: Node, b: Builder) -> Replacement | None:
    """The axes before and those after as one each."""
    x, shape = node.inputs[0], b.shape(node.inputs[0])
    if len(shape) <= HIGHEST_RANK:
        return None
    axis = node["axis"] % len(shape)
    flat = b.reshape(x, (prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])))
    return b.reshape(b.add(node.op, flat, axis=1), shape)


def _booleans(node: Node, b: Builder) -> Replacement | None:
    """ReduceMax (any) and ReduceMin (all) of booleans, on integers."""
    x = node.inputs[0]
    if b.dtype(x) != np.bool_:
        return None
    reduced = b.again(node, b.cast(x, np.int32), *node.inputs[1:])
    return b.cast(reduced, np.bool_)


def _integer_mean(node: Node, b: Builder) -> Replacement | None:
    """The sum, which wraps, divided and truncated, as ONNX Runtime has it."""
    x, axes = node.inputs
    if b.dtype(x) != np.int32:
        return None
    total = b.add("ReduceSum", x, axes, keepdims=node["keepdims"])
    return b.add("Div", total, b.type(x).size // b.type(total).size)


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
    Rule(name="reduce-nothing", ops=(*PLAIN, *COMPOUND), apply=_empty),
    Rule(name="reduce-axes", ops=(*PLAIN, *COMPOUND), apply=_axes),
    Rule(name="reduce-rank", ops=PLAIN, apply=_high_rank),
    Rule(name="softmax-rank", ops=("Softmax", "LogSoftmax"), apply=_softmax),
    Rule(name="reduce-booleans", ops=("ReduceMax", "ReduceMin"), apply=_booleans),
    Rule(name="integer-mean", ops=("ReduceMean",), apply=_integer_mean),
    Rule(name="reduce-compound", ops=COMPOUND, apply=_compound),
    Rule(name="arg", ops=("ArgMax", "ArgMin"), apply=_arg),
)
