"""Resize for Core ML: MIL's own operators where their grids are ONNX's, else one product per axis.

MIL documents its grids: ``resize_bilinear`` and ``upsample_bilinear`` sample where half_pixel,
align_corners and asymmetric do (docs/decisions/0031-coreml-operators.md); ``upsample_nearest_neighbor``
by a whole factor repeats. ``resize_nearest_neighbor`` documents no rounding, and is not used.
Products need no transposes: NCHW stays NCHW.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.resample import Axis, Method, nearest_indices
from mobilekit.legalise.rules.resize import linear_spelling, resize_rule
from mobilekit.legalise.rules.resize_axis import convolved, window_of

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_REPEATED = {
    "mode": "nearest",
    "coordinate_transformation_mode": "asymmetric",
    "nearest_mode": "floor",
}


def mil_spelling(axes: tuple[Axis, ...], method: Method) -> dict[str, str] | None:
    """What MIL says of the last two axes: repetition by whole factors, or linear on one of three grids."""
    image = axes[-2:]
    if len(axes) < 3 or len(axes) > 5 or not all(axis.is_unchanged for axis in axes[:-2]):
        return None
    if method.mode == "nearest":
        repeats = method.coordinates != "tf_crop_and_resize" and all(_repeats(a, method) for a in image)
        return _REPEATED if repeats else None
    spelled = linear_spelling(image, method)
    if spelled is None:
        return None
    by_corners = spelled["coordinate_transformation_mode"] == "align_corners"
    # MIL divides by resized - 1 there.
    return None if by_corners and any(axis.resized == 1 for axis in image) else spelled


def _repeats(axis: Axis, method: Method) -> bool:
    factor = axis.resized // axis.size
    if not factor or axis.resized != axis.size * factor:
        return False
    return bool(np.array_equal(nearest_indices(axis, method), np.arange(axis.resized) // factor))


def product_along(x: str, axis: int, matrix: Array, b: Builder) -> str:
    """``x`` with ``axis`` multiplied by ``matrix``: a strided depthwise Conv, or one MatMul."""
    rank = b.rank(x)
    window = window_of(matrix)
    if rank == 4 and axis >= 2 and window is not None:
        return convolved(x, axis, window, b)
    coefficients = matrix.astype(b.dtype(x))
    if axis == rank - 1:
        return b.add("MatMul", x, coefficients.T) if rank > 1 else _as_row(x, coefficients, b)
    if axis == rank - 2:
        return b.add("MatMul", coefficients, x)
    shape = b.shape(x)
    flat = b.reshape(x, (prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])))
    product = b.add("MatMul", coefficients, flat)
    return b.reshape(product, (*shape[:axis], len(matrix), *shape[axis + 1 :]))


def _as_row(x: str, coefficients: Array, b: Builder) -> str:
    row = b.add("MatMul", b.reshape(x, (1, b.shape(x)[0])), coefficients.T)
    return b.reshape(row, (len(coefficients),))


RULES = (resize_rule("resize-mil", mil_spelling, product_along),)
