"""Between ONNX values and the tensors of a .tflite file: layout, channel scale, quantisation, type.

``details`` is LiteRT's account of a tensor (``Interpreter.get_tensor_details()``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import InputDataError

if TYPE_CHECKING:
    from mobilekit.runtimes.tflite_file import TfliteTensor
    from mobilekit.tensors import Array


def to_file(value: Array, tensor: TfliteTensor, details: Mapping[str, Any]) -> Array:
    """An ONNX value as the file's tensor. Raises InputDataError for integers that do not fit."""
    if tensor.channel_shift is not None:
        value = value - _along(np.asarray(tensor.channel_shift, value.dtype), 1, value.ndim)
    if tensor.channel_scale is not None:
        value = value * _along(np.asarray(tensor.channel_scale, value.dtype), 1, value.ndim)
    value = np.transpose(value, tensor.permutation)
    dtype = np.dtype(details["dtype"])
    if _is_quantised(details) and tensor.spec.dtype.is_float:
        value = quantise(value, details)
    elif dtype.kind in "iu" and value.dtype.kind in "iu" and value.dtype != dtype:
        _check_range(value, dtype, tensor.spec.name)
    return np.asarray(value, dtype, order="C")


def from_file(value: Array, tensor: TfliteTensor, details: Mapping[str, Any]) -> Array:
    """The file's tensor as the ONNX value."""
    if _is_quantised(details) and tensor.spec.dtype.is_float:
        value = dequantise(value, details)
    value = np.transpose(value, np.argsort(tensor.permutation))
    if tensor.channel_scale is not None:
        value = value / _along(np.asarray(tensor.channel_scale, value.dtype), 1, value.ndim)
    if tensor.channel_shift is not None:
        value = value + _along(np.asarray(tensor.channel_shift, value.dtype), 1, value.ndim)
    return np.array(value, tensor.spec.dtype.value, order="C")


def quantise(value: Array, details: Mapping[str, Any]) -> Array:
    """clamp(round(value / scale) + zero point), rounding half away from zero as TFLite does."""
    limits = np.iinfo(details["dtype"])
    scales, zero_points = _parameters(details, value.ndim)
    steps = value.astype(np.float32) / scales
    rounded = np.copysign(np.floor(np.abs(steps) + np.float32(0.5)), steps)
    clipped = np.clip(np.nan_to_num(rounded) + zero_points, limits.min, limits.max)
    return clipped.astype(details["dtype"])


def dequantise(value: Array, details: Mapping[str, Any]) -> Array:
    """Scale × (integer − zero point), as float32."""
    scales, zero_points = _parameters(details, value.ndim)
    return scales * (value.astype(np.float32) - zero_points)


def _is_quantised(details: Mapping[str, Any]) -> bool:
    return bool(len(details["quantization_parameters"]["scales"])) and np.dtype(details["dtype"]).kind in "iu"


def _parameters(details: Mapping[str, Any], rank: int) -> tuple[Array, Array]:
    """Scales and zero points as float32, shaped to broadcast along the quantised dimension."""
    parameters = details["quantization_parameters"]
    axis = int(parameters["quantized_dimension"])
    scales = np.asarray(parameters["scales"], np.float32)
    zero_points = np.asarray(parameters["zero_points"], np.float32)
    if scales.size == 1:
        return scales.reshape(()), zero_points.reshape(())
    return _along(scales, axis, rank), _along(zero_points, axis, rank)


def _along(values: Array, axis: int, rank: int) -> Array:
    return values.reshape([-1 if i == axis else 1 for i in range(rank)])


def _check_range(value: Array, dtype: np.dtype[Any], name: str) -> None:
    limits = np.iinfo(dtype)
    if value.size and (int(value.min()) < limits.min or int(value.max()) > limits.max):
        message = f"input {name!r}: {int(value.min())}…{int(value.max())} does not fit {dtype.name}"
        raise InputDataError(message, hint=f"the converted file takes {dtype.name} for this input")
