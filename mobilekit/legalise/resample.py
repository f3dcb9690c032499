"""ONNX Resize along one axis as numbers: which input cells an output cell reads, and how much of each.

Coordinates are computed in the precision and order of ONNX Runtime, float32 but for
half_pixel_symmetric: ties of nearest depend on it. ``length_resized`` is the integer output size, as
the specification and ONNX Runtime have it (onnx.reference takes scale·size instead, and differs for
align_corners).
Axes of scale 1 are copied, whatever region tf_crop_and_resize asks for, and so are axes whose size stays
where antialiasing is asked for: there ONNX Runtime is followed too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_F = np.float32


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """How one axis is resized. ``roi`` counts only for tf_crop_and_resize."""

    size: int
    resized: int
    scale: float
    roi: tuple[float, float] = (0.0, 1.0)

    @property
    def is_unchanged(self) -> bool:
        """Whether every mode copies this axis."""
        return self.size == self.resized and self.scale == 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """The attributes of a Resize that decide weights."""

    mode: str
    coordinates: str
    nearest: str = "round_prefer_floor"
    cubic_a: float = -0.75
    exclude_outside: bool = False
    antialias: bool = False


def source_coordinates(axis: Axis, coordinates: str) -> Array:
    """Where each output cell lies on the input axis, by ``coordinate_transformation_mode``."""
    x = np.arange(axis.resized, dtype=_F)
    scale, size, resized = _F(axis.scale), axis.size, axis.resized
    if scale == 1:
        return x
    if coordinates == "asymmetric":
        return x / scale
    if coordinates == "align_corners":
        return x * _F(size - 1) / _F(resized - 1) if resized > 1 else np.zeros(1, _F)
    if coordinates == "tf_crop_and_resize":
        return _crop(axis, x)
    if coordinates == "pytorch_half_pixel" and resized == 1:
        return np.zeros(1, _F)
    if coordinates == "half_pixel_symmetric":
        adjustment = _F(resized) / (scale * _F(size))
        offset = _F(size) / _F(2) * (_F(1) - adjustment)
        # In float64 and the offset first, as ONNX Runtime has it: float32 rounds to other cells.
        exact = np.float64(offset) + (x.astype(np.float64) + 0.5) / np.float64(scale) - 0.5
        return exact.astype(_F)
    return (x + _F(0.5)) / scale - _F(0.5)


def _crop(axis: Axis, x: Array) -> Array:
    start, end = (_F(v) for v in axis.roi)
    last = _F(axis.size - 1)
    if axis.resized == 1:
        return np.array([_F(0.5) * (start + end) * last])
    return start * last + x * (end - start) * last / _F(axis.resized - 1)


def outside(axis: Axis, coordinates: str) -> Array:
    """Which output cells take the extrapolation value."""
    if coordinates != "tf_crop_and_resize":
        return np.zeros(axis.resized, bool)
    x = source_coordinates(axis, coordinates)
    return (x < 0) | (x > axis.size - 1)


def nearest_indices(axis: Axis, method: Method) -> Array:
    """The input cell that each output cell copies (int64)."""
    x = source_coordinates(axis, method.coordinates).astype(np.float64)
    if method.nearest == "floor":
        index = np.floor(x)
    elif method.nearest == "ceil":
        index = np.ceil(x)
    elif method.nearest == "round_prefer_ceil":
        index = np.floor(x + 0.5)
    else:
        index = np.ceil(x - 0.5)
    return np.clip(index, 0, axis.size - 1).astype(np.int64)


def weights(axis: Axis, method: Method) -> Array:
    """The float64 matrix ``[resized, size]`` of a linear or cubic Resize; rows outside are zero."""
    x = source_coordinates(axis, method.coordinates).astype(np.float64)
    if method.antialias and axis.size == axis.resized:
        matrix = np.eye(axis.size)
    elif method.antialias:
        matrix = _antialiased(x, axis, method)
    elif method.mode == "linear":
        matrix = _linear(x, axis)
    else:
        matrix = _cubic(x, axis, method)
    matrix[outside(axis, method.coordinates)] = 0
    return matrix


def _linear(x: Array, axis: Axis) -> Array:
    clipped = np.clip(x, 0, axis.size - 1)
    low = np.floor(clipped).astype(np.int64)
    cells = np.stack([low, np.minimum(low + 1, axis.size - 1)], axis=1)
    fraction = clipped - low
    return _scatter(cells, np.stack([1 - fraction, fraction], axis=1), axis.size)


def _cubic(x: Array, axis: Axis, method: Method) -> Array:
    cells = np.floor(x).astype(np.int64)[:, None] + np.arange(-1, 3)
    taps = cubic_filter(cells - x[:, None], method.cubic_a)
    if method.exclude_outside:
        taps = np.where((cells >= 0) & (cells < axis.size), taps, 0)
        taps = taps / taps.sum(axis=1, keepdims=True)
    return _scatter(cells, taps, axis.size)


def _antialiased(x: Array, axis: Axis, method: Method) -> Array:
    """The filter stretched by 1/scale when shrinking; windows as in ONNX Runtime and Pillow."""
    shrink = min(float(_F(axis.scale)), 1.0)
    support = (1.0 if method.mode == "linear" else 2.0) / shrink
    centre = x + 0.5
    first = np.floor(centre - support + 0.5).astype(np.int64)
    last = np.floor(centre + support + 0.5).astype(np.int64)
    cells = first[:, None] + np.arange(int((last - first).max()))
    distance = (cells - x[:, None]) * shrink
    taps = cubic_filter(distance, method.cubic_a) if method.mode == "cubic" else _triangle(distance)
    used = cells < last[:, None]
    if method.exclude_outside:
        used &= (cells >= 0) & (cells < axis.size)
    taps = np.where(used, taps, 0)
    return _scatter(cells, taps / taps.sum(axis=1, keepdims=True), axis.size)


def cubic_filter(distance: Array, a: float) -> Array:
    """Keys' cubic convolution kernel (R. Keys, 1981) with parameter ``a``."""
    d = np.abs(distance)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def _triangle(distance: Array) -> Array:
    result: Array = np.clip(1 - np.abs(distance), 0, None)
    return result


def _scatter(cells: Array, taps: Array, size: int) -> Array:
    """Add every tap to its cell, those beyond the border to the border cell."""
    matrix = np.zeros((len(cells), size))
    rows = np.repeat(np.arange(len(cells)), cells.shape[1])
    np.add.at(matrix, (rows, np.clip(cells, 0, size - 1).reshape(-1)), taps.reshape(-1))
    return matrix
