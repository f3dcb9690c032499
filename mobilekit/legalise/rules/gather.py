"""Gather, GatherElements and GatherND: one Gather of rows by non-negative positions.

::

    data  ── rows [R, …]  ── Gather(axis 0) ── result
    indices ── wrapped ── times strides, added up ──┘
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.arithmetic import Arithmetic, Number
from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

if TYPE_CHECKING:
    from mobilekit.tensors import Array

# Operators whose integers are never negative, wherever they come from or if none of their operands is.
_POSITIONS = ("ArgMax", "ArgMin", "Abs")
_OF_FIRST = ("Cast", "Expand", "Gather", "Reshape", "Slice", "Tile", "Transpose")
_OF_ALL = ("Add", "Concat", "Min", "Mul")
_DEEPEST = 12


def _gather(node: Node, b: Builder) -> Replacement | None:
    """Negative indices count from the end; axes too. Constant indices in a row are a Slice."""
    x, indices = node.inputs
    axis = node["axis"] % b.rank(x)
    place = wrapped(Arithmetic(b).known(indices), b.shape(x)[axis], b)
    if not isinstance(place, str) and _is_run(place):
        return b.slice(x, axis, int(place[0]), int(place[-1]) + 1)
    name = Arithmetic(b).value(place)
    if name == indices and node.attributes == {"axis": axis}:
        return None
    return b.add(node.op, x, name, axis=axis)


def wrapped(indices: Number, size: int | Array, b: Builder) -> Number:
    """Indices counted from the front. ``size`` is that of their axis, or one per column."""
    if not isinstance(indices, str):
        return np.where(indices < 0, indices + size, indices).astype(indices.dtype)
    if is_never_negative(indices, b):
        return indices
    size = np.asarray(size, b.dtype(indices))
    return b.add("Where", b.add("Less", indices, 0), b.add("Add", indices, size), indices)


def is_never_negative(value: str, b: Builder, depth: int = 0) -> bool:
    """Whether no element of ``value`` can be negative, by the operators that compute it."""
    array, node = b.constant(value), b.producer(value)
    if array is not None:
        return not (array < 0).any()
    if node is None or depth > _DEEPEST:
        return False
    if node.op in _POSITIONS or _wraps(node, b) or (node.op == "TopK" and value in node.outputs[1:]):
        return True
    parts = {"Where": node.inputs[1:], **dict.fromkeys(_OF_FIRST, node.inputs[:1])}
    chosen = parts.get(node.op, node.inputs if node.op in (*_OF_ALL, "Max") else ())
    known = (is_never_negative(v, b, depth + 1) for v in chosen)
    return bool(chosen) and (any(known) if node.op == "Max" else all(known))


def _wraps(node: Node, b: Builder) -> bool:
    """Whether the node is the Where that :func:`wrapped` writes."""
    if node.op != "Where":
        return False
    test, added = b.producer(node.inputs[0]), b.producer(node.inputs[1])
    if test is None or added is None or (test.op, added.op) != ("Less", "Add"):
        return False
    return test.inputs[0] == added.inputs[0] == node.inputs[2] and b.scalar(test.inputs[1]) == 0


def _is_run(indices: Array) -> bool:
    start = indices.reshape(-1)[:1]
    return indices.ndim == 1 and indices.size > 0 and np.array_equal(indices, start + np.arange(indices.size))


def _gather_elements(node: Node, b: Builder) -> Replacement:
    """The cell's own coordinates, but along the axis."""
    x, indices = node.inputs
    place = element_places(indices, node["axis"], b.shape(x), b)
    return b.add("Gather", b.reshape(x, (prod(b.shape(x)),)), Arithmetic(b).value(place), axis=0)


def element_places(indices: str, axis: int, shape: Sequence[int], b: Builder) -> Number:
    """Where the elements that ``indices`` name along ``axis`` lie in a flat tensor of ``shape``."""
    do = Arithmetic(b)
    axis %= len(shape)
    strides = strides_of(shape)
    grid, dtype = b.shape(indices), b.dtype(indices)
    place = wrapped(do.known(indices), shape[axis], b)
    if strides[axis] != 1:
        place = do("Mul", place, dtype.type(strides[axis]))
    # Two tables that broadcast are smaller than one of all cells.
    for axes in (range(axis), range(axis + 1, len(grid))):
        table = sum(_along(np.arange(grid[i]) * strides[i], i, len(grid)) for i in axes)
        if np.any(table):
            place = do("Add", place, np.asarray(table, dtype))
    return place


def _along(array: Array, axis: int, rank: int) -> Array:
    return array.reshape([-1 if i == axis else 1 for i in range(rank)])


def strides_of(shape: Sequence[int]) -> list[int]:
    """How many elements lie between neighbours along each axis."""
    return [prod(shape[i + 1 :]) for i in range(len(shape))]


def _gather_nd(node: Node, b: Builder) -> Replacement:
    """Rows of what the coordinates leave over; those of batch axes are added."""
    x, indices = node.inputs
    batch = node["batch_dims"]
    shape, grid = b.shape(x), b.shape(indices)
    depth = batch + grid[-1]
    place = row_places(indices, shape[batch:depth], b)
    do = Arithmetic(b)
    if batch:
        step = prod(shape[batch:depth])
        first = np.arange(prod(shape[:batch])) * step
        lead = (*shape[:batch], *(1,) * (len(grid) - 1 - batch))
        place = do("Add", place, first.reshape(lead).astype(b.dtype(indices)))
    rows = b.reshape(x, (prod(shape[:depth]), prod(shape[depth:])))
    flat = do.value(do.reshape(place, (prod(grid[:-1]),)))
    return b.reshape(b.add("Gather", rows, flat, axis=0), b.shape(node.name))


def row_places(indices: str, sizes: Sequence[int], b: Builder) -> Number:
    """The rows ``[…]`` that coordinates ``[…, len(sizes)]`` name in ``[prod(sizes), …]``."""
    do = Arithmetic(b)
    dtype, grid = b.dtype(indices), b.shape(indices)
    place = wrapped(do.known(indices), np.asarray(sizes, dtype), b)
    strides = np.asarray(strides_of(sizes), dtype)
    if not isinstance(place, str):
        return np.asarray((place * strides).sum(axis=-1), dtype)
    if len(sizes) == 1:
        return b.reshape(place, grid[:-1])
    return b.add("ReduceSum", b.add("Mul", place, strides), [len(grid) - 1], keepdims=0)


RULES = (
    Rule(name="gather", ops=("Gather",), apply=_gather),
    Rule(name="gather-elements", ops=("GatherElements",), apply=_gather_elements),
    Rule(name="gather-nd", ops=("GatherND",), apply=_gather_nd),
)
