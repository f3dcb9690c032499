"""Products of matrices: iOS15 and iOS17 ``linear.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.types import carrier

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("linear")
def linear(call: Call) -> Array:
    """``x`` · weightᵀ + bias; x [*, in], weight [out, in], bias [out]. From iOS17 on of mixed types."""
    y = _product(call, call["x"], call["weight"].T)
    bias = call["bias"]
    return y if bias is None else y + bias.astype(y.dtype, copy=False)


@implements("matmul")
def matmul(call: Call) -> Array:
    """NumPy's matmul after transposing the last two axes where asked; a vector is never transposed.

    From iOS17 on a constant may be of another type than the result.
    """
    x, y = call["x"], call["y"]
    if call.flag("transpose_x") and x.ndim > 1:
        x = np.swapaxes(x, -1, -2)
    if call.flag("transpose_y") and y.ndim > 1:
        y = np.swapaxes(y, -1, -2)
    return _product(call, x, y)


def _product(call: Call, x: Array, y: Array) -> Array:
    """Both operands in the type of the result first. Refuses to drop fractions: nothing says how."""
    wanted = np.dtype(carrier(call.output_dtype))
    x, y = (_converted(call, operand, wanted) for operand in (x, y))
    return np.asarray(np.matmul(x, y))


def _converted(call: Call, operand: Array, wanted: np.dtype[Any]) -> Array:
    if wanted.kind in "iu" and operand.dtype.kind == "f" and (operand != np.trunc(operand)).any():
        call.refuse(f"a product of {wanted} and fractions: no result is documented")
    return operand.astype(wanted, copy=False)


@implements("einsum")
def einsum(call: Call) -> Array:
    """[*, C, H, W] by [*, W, H, U] to [*, C, H, U], H and what is before C in step; no other form exists."""
    left, right = call.many("values")
    equation = call.text("equation").replace(" ", "")
    if not _is_supported(equation):
        call.refuse(f"equation {equation!r}")
    product = np.matmul(np.swapaxes(left, -3, -2), np.swapaxes(right, -3, -2))
    return np.swapaxes(product, -3, -2)


def _is_supported(equation: str) -> bool:
    """Whether it is "nchw,nwhu->nchu" or "chw,whr->chr", in other letters perhaps."""
    operands, _, result = equation.partition("->")
    left, _, right = operands.partition(",")
    if not len(left) == len(right) == len(result) in (3, 4):
        return False
    batch, c, h, w, u = left[:-3], left[-3], left[-2], left[-1], right[-1]
    distinct = len({*batch, c, h, w, u}) == len(batch) + 4
    return distinct and right == f"{batch}{w}{h}{u}" and result == f"{batch}{c}{h}{u}"
