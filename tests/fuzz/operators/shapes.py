"""Shapes as values, and constants made by operators."""

from __future__ import annotations

import numpy as np
from onnx import helper, numpy_helper

from tests.fuzz.draft import Draft


def _shape(d: Draft) -> None:
    x = d.operand()
    first = d.choose.integer(-x.rank, x.rank - 1) if d.opset >= 15 and d.choose.chance(30) else None
    d.add("Shape", [x], start=first)


def _size(d: Draft) -> None:
    d.add("Size", [d.operand()])


def _added(d: Draft, name: str) -> None:
    """A constant that operators made meets a value."""
    array = d.array(name)
    kind = "float" if array.dtype.kind == "f" else array.dtype.name
    x = d.operand(kind, where=lambda v: v.rank >= array.ndim and v.shape[v.rank - array.ndim :] == array.shape,
                  shape=lambda: array.shape, ranks=range(7))  # fmt: skip
    d.add("Mul", [x, name])


def _constant_of_shape(d: Draft) -> None:
    shape = d.ints(d.shape(d.choose.integer(1, 3)))
    value = d.choose.of([0.5, 2.0])
    _added(d, d.node("ConstantOfShape", [shape], value=numpy_helper.from_array(np.asarray([value], d.dtype))))


def _range(d: Draft) -> None:
    start, count, step = d.choose.integer(-3, 3), d.choose.integer(1, 7), d.choose.of([1, 2, -1])
    kind = d.choose.of(["int64", "float"])
    names = [d.scalar(v, kind) for v in (start, start + count * step, step)]
    _added(d, d.node("Range", names))


def _eye_like(d: Draft) -> None:
    x = d.operand(ranks=(2,))
    dtype = helper.np_dtype_to_tensor_dtype(d.dtype)
    (eye,) = d.add("EyeLike", [x], k=d.choose.of([None, 1, -1]), dtype=dtype)
    d.add("Add", [x, eye])


TABLE = {
    "Shape": _shape,
    "Size": _size,
    "ConstantOfShape": _constant_of_shape,
    "Range": _range,
    "EyeLike": _eye_like,
}
