"""Constants as the integers of a plan: the same in every format that is written by it.

The affine scheme is that of :mod:`mobilekit.quantisation`. All arithmetic is in float64, scales are what
float32 holds of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.quantisation import Scale
    from mobilekit.tensors import Array

_INT8_MAXIMUM = 127
_INT16_MAXIMUM = 32767
_LEAST_NORMAL = 1e-36
_LEAST_RESCALING = 2.0**-30
_LEAST_RESCALING_INT16 = 2.0**-23
"""Qualcomm's HTP saturates 16-bit results whose factor is 2^-26 or less, and is right at 2^-24 (SM8650)."""
_MOST_BIAS = 2.0**30
"""Half of what int32 holds: the accumulator needs the rest, and NPUs have int32 biases at int16 as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integers:
    """``array`` with ``scales`` (float32) and zero points: one of each, or one per slice of ``axis``."""

    array: Array
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The scales that a product with weights has at its ends: of its data input and of its output.

    ``int16`` says that both are of int16 tensors.
    """

    source: float
    result: float
    int16: bool = False

    @property
    def neutral(self) -> float:
        """The weight scale that makes the rescaling factor of the operator one."""
        return self.result / self.source


def weight_integers(
    array: Array, *, axis: int, ends: Ends | None = None, bias: Array | None = None
) -> Integers:
    """Symmetric int8 weights with a scale per slice of ``axis``; ``ends`` is None where the data is float.

    A channel of zeros takes the scale of the largest other one: any would do for its weights, but the
    runtime refuses factors that are out of proportion.
    """
    others = tuple(i for i in range(array.ndim) if i != axis)
    largest = np.abs(array.astype(np.float64)).max(axis=others)
    neutral = ends.neutral if ends else 1.0
    largest = np.where(largest > 0, largest, largest.max() or _INT8_MAXIMUM * neutral)
    scales = np.maximum(largest / _INT8_MAXIMUM, _least_scale(ends, bias)).astype(np.float32)
    shaped = scales.reshape([-1 if i == axis else 1 for i in range(array.ndim)])
    integers = np.clip(np.round(array / shaped.astype(np.float64)), -_INT8_MAXIMUM, _INT8_MAXIMUM)
    return Integers(
        array=integers.astype(np.int8),
        scales=tuple(float(s) for s in scales),
        zero_points=(0,) * len(scales),
        axis=axis,
    )


def _least_scale(ends: Ends | None, bias: Array | None) -> Array | float:
    """What a weight scale must not be under, per channel.

    The runtime's kernels refuse rescaling factors under 2^-32 and scales that are not normal
    numbers, and NPUs compute small ones wrongly; and the bias, whose step is input scale x weight
    scale, must not saturate.
    """
    if ends is None:
        return _LEAST_NORMAL
    rescaling = _LEAST_RESCALING_INT16 if ends.int16 else _LEAST_RESCALING
    least = max(_LEAST_NORMAL, rescaling * ends.neutral)
    if bias is None:
        return least
    offsets = np.abs(bias.reshape(-1).astype(np.float64))
    return np.maximum(least, offsets / ends.source / _MOST_BIAS)


def bias_integers(
    array: Array, *, source: float, weight_scales: tuple[float, ...], dtype: type[np.signedinteger]
) -> Integers:
    """A bias with the scales input x weights; int32's range, whatever ``dtype`` holds it."""
    scales = np.array(weight_scales, np.float32).astype(np.float64)
    steps = (np.float64(np.float32(source)) * scales).astype(np.float32)
    limits = np.iinfo(np.int32)
    integers = np.clip(np.round(array / steps.astype(np.float64)), limits.min, limits.max)
    return Integers(
        array=integers.astype(dtype),
        scales=tuple(float(s) for s in steps),
        zero_points=(0,) * len(steps),
    )


def operand_int8(array: Array, *, result: float, shared: Scale | None = None, least: float = 0.0) -> Integers:
    """A constant operand: at the ``shared`` scale of a same-scale operator, else at one of its own range.

    Zeros take ``least``, or the scale of the ``result``: any would do.
    """
    if shared is not None:
        step, zero = shared.scale, shared.zero_point
    else:
        low, high = min(float(array.min()), 0.0), max(float(array.max()), 0.0)
        step = float(np.float32(max((high - low) / 255.0, least))) or result
        zero = int(np.clip(round(-128 - low / step), -128, 127))
    # First what int8 can say: the lowest float around a max-pool, divided by a step, is no float32.
    held = np.clip(array.astype(np.float64), (-128 - zero) * step, (127 - zero) * step)
    integers = np.clip(np.round(held / step) + zero, -128, 127).astype(np.int8)
    return Integers(array=integers, scales=(step,), zero_points=(zero,))


def operand_int16(array: Array, *, result: float, shared: Scale | None = None) -> Integers:
    """As :func:`operand_int8`, symmetric: at the scale of the result or of the largest magnitude."""
    scale = result
    if shared is None:
        scale = float(np.float32(np.abs(array).max(initial=0.0) / _INT16_MAXIMUM)) or scale
    integers = np.clip(np.round(array.astype(np.float64) / scale), -_INT16_MAXIMUM, _INT16_MAXIMUM)
    return Integers(array=integers.astype(np.int16), scales=(scale,), zero_points=(0,))
