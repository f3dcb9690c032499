"""Products of matrices: iOS15 and iOS17 ``linear.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("linear")
def linear(call: Call) -> Array:
    """``x`` · weightᵀ + bias; x [*, in], weight [out, in], bias [out]."""
    y = np.matmul(call["x"], call["weight"].T)
    bias = call["bias"]
    return y if bias is None else np.add(y, bias, out=y)


@implements("matmul")
def matmul(call: Call) -> Array:
    """NumPy's matmul after transposing the last two axes where asked; a vector is never transposed."""
    x, y = call["x"], call["y"]
    if call.flag("transpose_x") and x.ndim > 1:
        x = np.swapaxes(x, -1, -2)
    if call.flag("transpose_y") and y.ndim > 1:
        y = np.swapaxes(y, -1, -2)
    return np.matmul(x, y)


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
    batch, (c, h, w), u = left[:-3], left[-3:], right[-1]
    distinct = len({*batch, c, h, w, u}) == len(batch) + 4
    return distinct and right == f"{batch}{w}{h}{u}" and result == f"{batch}{c}{h}{u}"
