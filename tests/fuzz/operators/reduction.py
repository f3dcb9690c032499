"""Reductions over axes, and sums along one."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.fuzz.draft import Draft

_POSITIVE = {"ReduceLogSum": (0.05, 100.0), "ReduceLogSumExp": (-8.0, 8.0), "ReduceProd": (-2.5, 2.5)}


def axes_of(d: Draft, rank: int, *, least: int = 0, negative: bool = True) -> list[int]:
    """Some axes of a rank, some of them counted from the end."""
    axes = sorted(d.choose.some(range(rank), least=least))
    return [axis - rank if negative and d.choose.chance(25) else axis for axis in axes]


def _reduce(op: str, d: Draft) -> None:
    low, high = _POSITIVE.get(op, (None, None))
    integers = ("int32", "int64") if op in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd") else ()
    x = d.operand("float", *(integers if d.choose.chance(15) else ()), low=low, high=high)
    axes = axes_of(d, x.rank, negative=d.opset >= 11)
    keep = d.choose.of([None, 1, 0])
    if d.opset < (13 if op == "ReduceSum" else 18):
        d.add(op, [x], axes=axes or None, keepdims=keep)
        return
    empty = d.choose.of([None, 0, 1])
    names = [d.ints(axes)] if axes else [d.constant(np.zeros(0, np.int64))] if d.choose.chance(30) else []
    d.add(op, [x, *names], keepdims=keep, noop_with_empty_axes=empty)


def _cumsum(d: Draft) -> None:
    x = d.operand("float", *(("int32", "int64") if d.choose.chance(20) else ()))
    axis = d.choose.integer(-x.rank, x.rank - 1)
    kind = d.choose.of([np.int64, np.int32])
    name = d.constant(np.asarray(axis, kind) if d.choose.chance(70) else np.asarray([axis], kind))
    d.add("CumSum", [x, name], exclusive=d.choose.of([None, 1]), reverse=d.choose.of([None, 1]))


_REDUCTIONS = (
    "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
    "ReduceLogSumExp", "ReduceSumSquare",
)  # fmt: skip
TABLE = {**{op: partial(_reduce, op) for op in _REDUCTIONS}, "CumSum": _cumsum}
