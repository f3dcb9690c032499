"""Operators that read or write at indices: constant ones, or indices computed at run time."""

from __future__ import annotations

from functools import partial
from math import prod

import numpy as np

from tests.fuzz.draft import Draft, Value
from tests.fuzz.operators.movement import any_value


def _indices(d: Draft, shape, size: int, *, negative: bool, dtypes=("int64", "int32")) -> str:
    """Indices into ``size`` elements, constant or an input of the graph."""
    low = -size if negative and d.choose.chance(30) else 0
    return d.weight(shape, d.choose.of(dtypes), low, size - 1, runtime=20)


def _gather(d: Draft) -> None:
    x = any_value(d)
    axis = d.choose.integer(0, x.rank - 1)
    shape = d.choose.of([(), (1,), (3,), (2, 2)])
    index = _indices(d, shape, x.shape[axis], negative=d.opset >= 11)
    d.add("Gather", [x, index], axis=axis - x.rank if d.choose.chance(25) else axis)


def _gather_elements(d: Draft) -> None:
    x = any_value(d)
    axis = d.choose.integer(0, x.rank - 1)
    shape = tuple(
        d.choose.integer(1, 4) if a == axis else d.choose.of([s, max(1, s - 1)])
        for a, s in enumerate(x.shape)
    )
    d.add("GatherElements", [x, _indices(d, shape, x.shape[axis], negative=True)], axis=axis)


def _tuples(
    d: Draft, x: Value, shape: tuple[int, ...], depth: int, first: int = 0, *, unique: bool = False
) -> np.ndarray:
    """Index tuples ``[…, depth]`` into the axes of ``x`` from ``first`` on."""
    sizes = x.shape[first : first + depth]
    rng = np.random.default_rng(d.choose.integer(0, 99))
    count = prod(shape)
    flat = rng.permutation(prod(sizes))[:count] if unique else rng.integers(0, prod(sizes), count)
    return np.stack(np.unravel_index(flat, sizes), -1).reshape(*shape, depth)


def _gather_nd(d: Draft) -> None:
    x = any_value(d)
    batch = d.choose.integer(0, min(1, x.rank - 1)) if d.opset >= 12 else 0
    depth = d.choose.integer(1, x.rank - batch)
    shape = (*x.shape[:batch], *d.choose.of([(2,), (1,), (2, 2), ()]))
    if not shape:
        shape = (1,)
    index = _tuples(d, x, shape, depth, batch)
    d.add("GatherND", [x, d.constant(index.astype(np.int64))], batch_dims=batch or None)


def _scatter_elements(op: str, d: Draft) -> None:
    x = d.operand()
    axis = d.choose.integer(0, x.rank - 1)
    shape = tuple(d.choose.integer(1, s) for s in x.shape)
    reduction = d.choose.of(
        [None, *(["add", "mul"] if d.opset >= 16 else []), *(["max", "min"] if d.opset >= 18 else [])]
    )
    if op == "Scatter":
        reduction = None
    rng = np.random.default_rng(d.choose.integer(0, 99))
    # Without a reduction, indices that name one element twice have no order.
    index = rng.permuted(
        np.broadcast_to(_along(x.shape[axis], axis, x.rank), _with(shape, axis, x.shape[axis])), axis=axis
    )
    index = np.take(index, range(shape[axis]), axis)
    if reduction and d.choose.chance(50):
        index = rng.integers(0, x.shape[axis], shape)
    updates = d.weight(shape, runtime=40)
    extra = {"reduction": reduction} if reduction else {}
    d.add(op, [x, d.constant(index.astype(np.int64)), updates], axis=axis, **extra)


def _along(size: int, axis: int, rank: int) -> np.ndarray:
    return np.arange(size).reshape([-1 if a == axis else 1 for a in range(rank)])


def _with(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _scatter_nd(d: Draft) -> None:
    x = d.operand()
    depth = d.choose.integer(1, x.rank)
    count = d.choose.integer(1, min(3, prod(x.shape[:depth])))
    index = _tuples(d, x, (count,), depth, unique=True)
    updates = d.weight((count, *x.shape[depth:]), runtime=40)
    options = [None, *(["add", "mul"] if d.opset >= 16 else []), *(["max", "min"] if d.opset >= 18 else [])]
    d.add("ScatterND", [x, d.constant(index.astype(np.int64)), updates], reduction=d.choose.of(options))


def _one_hot(d: Draft) -> None:
    depth = d.choose.integer(1, 5)
    x = d.operand("int64", low=-depth, high=depth - 1, ranks=range(1, 4))
    values = d.constant(np.asarray([0.25, 3.0], d.dtype))
    d.add("OneHot", [x, d.constant(np.asarray(depth)), values], axis=d.choose.integer(-x.rank - 1, x.rank))


def _compress(d: Draft) -> None:
    x = d.operand()
    axis = d.choose.integer(0, x.rank - 1)
    rng = np.random.default_rng(d.choose.integer(0, 99))
    condition = rng.integers(0, 2, x.shape[axis]).astype(bool)
    condition[0] = True
    d.add("Compress", [x, d.constant(condition)], axis=axis)


TABLE = {
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "Scatter": partial(_scatter_elements, "Scatter"),
    "ScatterElements": partial(_scatter_elements, "ScatterElements"),
    "ScatterND": _scatter_nd,
    "OneHot": _one_hot,
    "Compress": _compress,
}
