"""Reading and writing by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation


@lowers("Gather", since=13)
def gather(op: Operation, data: str, indices: str, *, axis: int = 0) -> None:
    """``gather`` by positions that are not negative; truth values travel as numbers."""
    known = op.is_constant(indices)
    if known and bool(np.any(op.constant(indices) < 0)):
        op.refuse("negative positions are legalised before, not emitted")
    var = op.add("gather", x=_numbers(op, data), indices=op.input(indices), axis=axis)
    op.result(_back(op, var, data))


@lowers("ScatterND", since=18)
def scatter_nd(op: Operation, data: str, indices: str, updates: str, *, reduction: str = "none") -> None:
    """``scatter_nd`` that adds: several updates of one row are all added, in any order."""
    if reduction != "add":
        op.refuse("anything but additions is legalised before, not emitted")
    var = op.add(
        "scatter_nd",
        data=op.input(data),
        indices=op.input(indices),
        updates=op.input(updates),
        mode="add",
    )
    op.result(var)


def _numbers(op: Operation, name: str) -> Any:
    """Truth values as int32: MIL gathers numbers only."""
    var = op.input(name)
    return op.add("cast", x=var, dtype="int32") if op.tensor_dtype(name).kind == "b" else var


def _back(op: Operation, var: Any, name: str) -> Any:
    return op.add("cast", x=var, dtype="bool") if op.tensor_dtype(name).kind == "b" else var
