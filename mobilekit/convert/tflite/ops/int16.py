"""Activations that LiteRT has no int16 kernel for, in operators that have one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.builder import TensorQuantisation
from mobilekit.convert.tflite.quantisable import is_small

if TYPE_CHECKING:
    from mobilekit.convert.tflite.operation import Operation
    from mobilekit.tensors import Array

_LARGEST = 32767.0


def prelu_of_int16(op: Operation, data: int, slopes: Array) -> None:
    """``max(x, slope * x)`` where no slope is beyond one, else ``relu(x) + slope * (x - relu(x))``.

    The scale of x serves the former; what is made of it for the latter too, but for the product.
    """
    shape, scales = op.tensor_shape(data), _constant(op, "slopes", slopes)
    if is_small(slopes):
        scaled = op.temporary(shape, like=data)
        op.add("MUL", (data, scales), (scaled,))
        op.add("MAXIMUM", (data, scaled), (op.result(),))
        return
    positive, negative, result = op.temporary(shape, like=data), op.temporary(shape, like=data), op.result()
    scaled = op.temporary(shape, like=result)
    op.add("RELU", (data,), (positive,))
    op.add("SUB", (data, positive), (negative,), potScaleInt16=False)
    op.add("MUL", (negative, scales), (scaled,))
    op.add("ADD", (positive, scaled), (result,), potScaleInt16=False)


def hard_swish_of_int16(op: Operation, data: int) -> None:
    """``x * (relu6(x + 3) / 6)``: the two steps before the product have ranges that are known."""
    shape = op.tensor_shape(data)
    clamped, share = _temporary(op, shape, 6.0), _temporary(op, shape, 1.0)
    op.add(
        "ADD",
        (data, _constant(op, "three", np.full(1, 3.0))),
        (clamped,),
        fusedActivationFunction="RELU6",
        potScaleInt16=False,
    )
    op.add("MUL", (clamped, _constant(op, "sixth", np.full(1, 1.0 / 6.0))), (share,))
    op.add("MUL", (data, share), (op.result(),))


def _constant(op: Operation, name: str, array: Array) -> int:
    """``array`` at the scale of its own largest magnitude."""
    step = float(np.float32(np.abs(array).max(initial=0.0) / _LARGEST)) or 1.0
    integers = np.clip(np.round(array.astype(np.float64) / step), -_LARGEST, _LARGEST).astype(np.int16)
    quantisation = TensorQuantisation(scales=(step,), zero_points=(0,))
    return op.emitter.builder.constant(f"{op.output}/{name}", integers, quantisation=quantisation)


def _temporary(op: Operation, shape: Sequence[int], largest: float) -> int:
    builder = op.emitter.builder
    quantisation = TensorQuantisation(scales=(float(np.float32(largest / _LARGEST)),), zero_points=(0,))
    name = f"{op.output}/part{len(builder.tensors)}"
    return builder.tensor(name, shape, np.dtype(np.int16), quantisation=quantisation)
