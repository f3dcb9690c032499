"""ScatterElements, ScatterND and TensorScatter: rows of a tensor replaced by rows of updates.

``reduction=none`` becomes a Gather from the rows and the updates put together, by a table that says
for each row where it comes from: exact for every element type. Of several updates of one row the last
one wins, as in ONNX Runtime (the specification leaves it open)::

    rows [R, …] ─┬─ Concat ─ Gather ─ result          table: row r, or R + number of its last update
    updates ─────┘             └── table

``reduction=add`` is what TFLite's SCATTER_ND does: it adds. The others combine the rows with one
Gather for each time that constant indices name a row again, or, for few indices at run time, with a
reduction over all updates under a mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.legalise.arithmetic import Arithmetic, Number
from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.gather import element_places, row_places

if TYPE_CHECKING:
    from mobilekit.tensors import Array

MOST_LAYERS = 16
"""Gathers and combinations for rows that constant indices name several times."""

MOST_STRETCHES = 5
"""Slices joined instead of rows gathered one by one."""

MOST_MASKED = 1 << 24
"""Elements that a reduction under a mask may look at."""

_COMBINES = {"add": "Add", "mul": "Mul", "max": "Max", "min": "Min"}
_REDUCES = {"mul": "ReduceProd", "max": "ReduceMax", "min": "ReduceMin"}
_SUMS = ("add", "mul")
# What stands for types that SCATTER_ND lacks; the bits of a sum or product are those of the signed one.
_WIDER: Mapping[str, Any] = {
    **dict.fromkeys(("int8", "uint8", "int16", "uint16", "bool"), np.int32),
    **dict.fromkeys(("uint32", "uint64"), np.int64),
}


def _scatter_elements(node: Node, b: Builder) -> Replacement | Refusal:
    """Every element is a row."""
    x, indices = node.inputs[:2]
    place = element_places(indices, node["axis"], b.shape(x), b)
    return _scattered(node, place, prod(b.shape(x)), b)


def _scatter_nd(node: Node, b: Builder) -> Replacement | Refusal | None:
    """Rows are what the coordinates leave over."""
    if _is_legal(node, b):
        return None
    x, indices = node.inputs[:2]
    sizes = b.shape(x)[: b.shape(indices)[-1]]
    return _scattered(node, row_places(indices, sizes, b), prod(sizes), b)


def _is_legal(node: Node, b: Builder) -> bool:
    """Additions to the rows of a matrix of zeros by positions that are never negative."""
    zeros = b.constant(node.inputs[0])
    return (
        node["reduction"] == "add"
        and zeros is not None
        and not zeros.any()
        and (zeros.ndim, b.rank(node.inputs[1]), b.shape(node.inputs[1])[-1]) == (2, 2, 1)
    )


def _scattered(node: Node, place: Number, count: int, b: Builder) -> Replacement | Refusal:
    """``node`` on ``count`` rows; the updates go to the rows ``place``."""
    x, indices, updates = node.inputs
    do = Arithmetic(b)
    size = prod(b.shape(indices)) if node.op == "ScatterElements" else prod(b.shape(indices)[:-1])
    if not size:
        return x
    inner = prod(b.shape(x)) // count
    place = do.cast(do.reshape(place, (size,)), np.int64)
    rows, new = b.reshape(x, (count, inner)), b.reshape(updates, (size, inner))
    reduction = node["reduction"]
    if reduction == "none":
        return b.reshape(_replaced(rows, new, place, b), b.shape(x))
    kind = b.dtype(x)
    if kind.name in _WIDER and (reduction in _SUMS or kind != np.uint64):
        rows, new = (b.cast(v, _WIDER[kind.name]) for v in (rows, new))
    combined = _combined(rows, new, place, reduction, b)
    return combined if isinstance(combined, Refusal) else b.cast(b.reshape(combined, b.shape(x)), kind)


def _replaced(rows: str, updates: str, place: Number, b: Builder) -> str:
    """Each row, or the last of its updates; a few stretches of rows are cut and joined."""
    count, number = b.shape(rows)[0], b.shape(updates)[0]
    if isinstance(place, str):
        return b.add("Gather", b.concat([rows, updates], 0), _sources(place, count, number, b), axis=0)
    table = np.arange(count)
    table[place] = count + np.arange(number)
    stretches = np.split(table, np.flatnonzero((np.diff(table) != 1) | (table[1:] == count)) + 1)
    if len(stretches) > MOST_STRETCHES:
        return b.add("Gather", b.concat([rows, updates], 0), table, axis=0)
    return b.concat([_stretch(rows, updates, int(s[0]), len(s), b) for s in stretches], 0)


def _stretch(rows: str, updates: str, start: int, length: int, b: Builder) -> str:
    """``length`` rows of the two put together, that lie in one of them."""
    count = b.shape(rows)[0]
    source, first = (rows, start) if start < count else (updates, start - count)
    return b.slice(source, 0, first, first + length)


def _sources(place: str, count: int, number: int, b: Builder) -> str:
    """The table for positions known at run time: all but the last update of each row are dropped.

    Sorting position·number + order puts the last update of a row before its others.
    """
    steps = np.arange(number, dtype=np.int64)
    winner, order = place, b.workspace.intern(steps, f"{b.serves}/order")
    if number > 1:
        keys = b.add("Add", b.add("Mul", place, np.int64(number)), steps)
        _, order = b.add_many("TopK", keys, [number], outputs=2, axis=0, largest=1, sorted=1)
        ordered = b.add("Gather", place, order, axis=0)
        none = b.workspace.intern(np.array([-1]), f"{b.serves}/none")
        again = b.add("Equal", ordered, b.concat([none, b.slice(ordered, 0, 0, number - 1)], 0))
        winner = b.add("Where", again, np.int64(count), ordered)
    marks = b.add("Add", order, np.int64(1))
    found = b.slice(_added(np.zeros((count + 1, 1), np.int64), winner, marks, b), 0, 0, count)
    found = b.reshape(found, (count,))
    moved = b.add("Add", found, np.int64(count - 1))
    return b.add("Where", b.add("Equal", found, np.int64(0)), np.arange(count), moved)


def _added(zeros: Array, place: str, updates: str, b: Builder) -> str:
    """The legal ScatterND: sums of the updates of each row."""
    number = prod(b.shape(place))
    rows = b.reshape(updates, (number, zeros.shape[1]))
    return b.add("ScatterND", zeros, b.reshape(place, (number, 1)), rows, reduction="add")


def _combined(rows: str, updates: str, place: Number, reduction: str, b: Builder) -> str | Refusal:
    """The rows and all their updates, by an operation whose order does not matter."""
    layers = None if isinstance(place, str) else _layers(place, b.shape(rows)[0])
    if layers is not None and len(layers) <= MOST_LAYERS:
        neutral = np.full((1, b.shape(rows)[1]), _neutral(reduction, b.dtype(rows)), b.dtype(rows))
        choice = b.concat([updates, b.workspace.intern(neutral, f"{b.serves}/neutral")], 0)
        picked = [b.add("Gather", choice, table, axis=0) for table in layers]
        return b.chain(_COMBINES[reduction], [rows, *picked])
    name = Arithmetic(b).value(place)
    if reduction == "add":
        zeros = np.zeros(b.shape(rows), b.dtype(rows))
        return b.add("Add", rows, _added(zeros, name, updates, b))
    return _masked(rows, updates, name, reduction, b)


def _layers(place: Array, count: int) -> list[Array]:
    """Tables of updates per row, enough for the row named most often; ``len(place)`` means none."""
    number = len(place)
    order = np.argsort(place, kind="stable")
    ordered = place[order]
    starts = np.searchsorted(ordered, ordered)
    turn = np.arange(number) - starts
    tables = np.full((int(turn.max()) + 1, count), number)
    tables[turn, ordered] = order
    return list(tables)


def _masked(rows: str, updates: str, place: str, reduction: str, b: Builder) -> str | Refusal:
    """Every update against every row: neutral where it is for another one."""
    (count, inner), number = b.shape(rows), b.shape(updates)[0]
    if number * count * inner > MOST_MASKED:
        got = f"reduction={reduction} of {number} updates at positions computed at run time"
        return Refusal(got=got, hint="scatter at constant positions, or with reduction=add")
    steps = np.arange(count).reshape(1, count, 1)
    hit = b.add("Equal", b.reshape(place, (number, 1, 1)), steps)
    neutral = np.asarray(_neutral(reduction, b.dtype(rows)), b.dtype(rows))
    chosen = b.add("Where", hit, b.reshape(updates, (number, 1, inner)), neutral)
    return b.add(_COMBINES[reduction], rows, b.add(_REDUCES[reduction], chosen, [0], keepdims=0))


def _neutral(reduction: str, dtype: np.dtype[Any]) -> float:
    """What changes nothing."""
    if reduction in ("add", "mul"):
        return float(reduction == "mul")
    if dtype.kind == "f":
        return -np.inf if reduction == "max" else np.inf
    limits = np.iinfo(dtype)
    return int(limits.min if reduction == "max" else limits.max)


def _tensor_scatter(node: Node, b: Builder) -> Replacement:
    """A stretch of the axis replaced, from another start in each batch; ``circular`` goes on in front."""
    x, updates = node.inputs[:2]
    shape, do = b.shape(x), Arithmetic(b)
    axis = node["axis"] % len(shape)
    size, number = shape[axis], b.shape(updates)[axis]
    batch, middle, inner = shape[0], prod(shape[1:axis]), prod(shape[axis + 1 :])
    starts = do.known(node.input(2)) if node.input(2) else np.zeros(batch, np.int64)
    turn = do("Sub", np.arange(size)[None, None], do.reshape(starts, (batch, 1, 1)))
    if node["mode"] == "circular":
        turn = do("Mod", turn, np.int64(size))
    is_new = do("Equal", turn, do.clip(turn, 0, number - 1))
    source = do("Where", is_new, do("Add", turn, np.int64(size)), np.arange(size)[None, None])
    first = np.arange(batch * middle).reshape(batch, middle, 1) * (size + number)
    place = do.value(do.reshape(do("Add", source, first), (batch * middle * size,)))
    both = b.reshape(b.concat([x, updates], axis), (batch * middle * (size + number), inner))
    return b.reshape(b.add("Gather", both, place, axis=0), shape)


RULES = (
    Rule(name="scatter-elements", ops=("ScatterElements",), apply=_scatter_elements),
    Rule(name="scatter-nd", ops=("ScatterND",), apply=_scatter_nd),
    Rule(name="tensor-scatter", ops=("TensorScatter",), apply=_tensor_scatter),
)
