"""Normalisations: statistics and arithmetic in float, in as few passes over the map as TFLite allows.

With statistics over the spatial axes, scale and shift are folded into two small tensors first, so
that the map is read for the mean, for the variance, and once more for ``x * s + t``.

Behind an int8 operator the variance is ``mean(x * x) - mean * mean``: XNNPACK makes one pass of the
multiplication and the mean, which writes nothing (with the clamp of ``clamps.py`` 0.60 → 0.41 ms for
64² x 128, its conversions included). Of 256 levels no mean is so far from zero that the difference
would lose a variance that int8 can show; what rounding makes of a constant channel is cut off at zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.optable import lowers
from mobilekit.convert.tflite.ops.conv import POINTWISE
from mobilekit.convert.tflite.rows import LEAST_POSITIONS
from mobilekit.legalise.rules.reduce import HIGHEST_RANK

if TYPE_CHECKING:
    from mobilekit.convert.tflite.operation import Operation

_DATA = slice(0, 1)
_MOST_CONVOLVED = 8
"""Channels up to which a mean along them is faster as a convolution (from 16 on it is slower)."""


@lowers("Normalize", since=1, domain="mobilekit", layout="any", fuses=True, data=_DATA)
def normalize(
    op: Operation,
    x: str,
    scale: str,
    bias: str,
    epsilon: str,
    *,
    axes: Sequence[int] = (),
    outside: float = 0.0,
) -> None:
    """MEAN, SQUARED_DIFFERENCE, MEAN, ADD, RSQRT, then one MUL and one ADD over the map."""
    rank = len(op.shape(x))
    reduced = [op.axis(a, rank) for a in axes]
    data = op.input(x)
    small = tuple(1 if i in reduced else size for i, size in enumerate(op.tensor_shape(data)))
    if _is_along_few_channels(op, data, reduced, epsilon, outside):
        _by_convolutions(op, data, scale, bias, epsilon)
        return
    mean = _mean(op, data, reduced, small)
    variance = _variance(op, x, data, mean, reduced, small)
    inverse = _inverse_deviation(op, variance, epsilon, small, outside)
    if any(_varies_over(op, v, axes) for v in (scale, bias)):
        _apply_to_map(op, data, mean, inverse, scale, bias)
    else:
        _apply_folded(op, data, mean, inverse, scale, bias, small)


@lowers("RmsNormalize", since=1, domain="mobilekit", layout="any", fuses=True, data=_DATA)
def rms_normalize(op: Operation, x: str, scale: str, epsilon: str, *, axes: Sequence[int] = ()) -> None:
    """``x * rsqrt(mean(x * x) + epsilon) * scale``."""
    rank = len(op.shape(x))
    reduced = [op.axis(a, rank) for a in axes]
    data = op.input(x)
    shape = op.tensor_shape(data)
    small = tuple(1 if i in reduced else size for i, size in enumerate(shape))
    squares = op.temporary(shape)
    op.add("MUL", (data, data), (squares,))
    inverse = _rsqrt_of(op, _mean(op, squares, reduced, small), epsilon, small)
    result = op.result()
    if _is_uniform(op, scale, 1.0):
        op.add("MUL", (data, inverse), (result,), **op.activation)
        return
    scaled = op.temporary(shape)
    op.add("MUL", (data, inverse), (scaled,))
    op.add("MUL", (scaled, op.operand(scale, rank)), (result,), **op.activation)


@lowers("GroupNormalize", since=1, domain="mobilekit", layout="channels_last", fuses=True, data=_DATA)
def group_normalize(op: Operation, x: str, scale: str, bias: str, epsilon: str, *, groups: int = 1) -> None:
    """Means per channel first, then over each group of the small result: the map stays as it is."""
    data = op.input(x)
    shape = op.tensor_shape(data)
    spatial = list(range(1, len(shape) - 1))
    small = (shape[0], *(1 for _ in spatial), shape[-1])
    if spatial:
        mean = _over_groups(op, _mean(op, data, spatial, small), groups, small)
        if _is_of_int8(op, x):
            squares = _over_groups(op, _mean_square(op, data, spatial, small), groups, small)
            variance = _less_square(op, squares, mean)
        else:
            squares = op.temporary(shape)
            op.add("SQUARED_DIFFERENCE", (data, mean), (squares,))
            variance = _over_groups(op, _mean(op, squares, spatial, small), groups, small)
    else:
        mean = _over_groups(op, data, groups, small)
        squares = op.temporary(shape)
        op.add("SQUARED_DIFFERENCE", (data, mean), (squares,))
        variance = _over_groups(op, squares, groups, small)
    inverse = _rsqrt_of(op, variance, epsilon, small)
    _apply_folded(op, data, mean, inverse, scale, bias, small)


def _over_groups(op: Operation, per_channel: int, groups: int, small: Sequence[int]) -> int:
    """The mean over each group of channels, repeated for every channel of it."""
    batch, channels = small[0], small[-1]
    size = channels // groups
    grouped = op.temporary((batch, groups, size))
    op.add(
        "RESHAPE", (per_channel, op.small((batch, groups, size))), (grouped,), newShape=(batch, groups, size)
    )
    mean = op.temporary((batch, groups, 1))
    op.add("MEAN", (grouped, op.small([2])), (mean,), keepDims=True)
    repeated = op.temporary((batch, groups, size))
    ones = op.floats(np.ones((1, 1, size), np.float32), name="ones")
    op.add("MUL", (mean, ones), (repeated,))
    result = op.temporary(small)
    op.add("RESHAPE", (repeated, op.small(small)), (result,), newShape=tuple(small))
    return result


def _mean(op: Operation, data: int, reduced: Sequence[int], small: Sequence[int]) -> int:
    if len(small) > HIGHEST_RANK:
        op.refuse(f"a normalisation of rank {len(small)}, above {HIGHEST_RANK}")
    mean = op.temporary(small)
    op.add("MEAN", (data, op.small(sorted(reduced))), (mean,), keepDims=True)
    return mean


def _is_along_few_channels(
    op: Operation, data: int, reduced: Sequence[int], epsilon: str, outside: float
) -> bool:
    shape = op.tensor_shape(data)
    is_map = len(shape) == 4 and list(reduced) == [3] and shape[1] * shape[2] >= LEAST_POSITIONS
    if not is_map or shape[3] > _MOST_CONVOLVED or outside or op.emitter.precision == "fp16":
        return False
    return op.is_constant(epsilon) and op.constant(epsilon).size == 1


def _by_convolutions(op: Operation, data: int, scale: str, bias: str, epsilon: str) -> None:
    """Means along a few channels as 1x1 convolutions, which give every channel its mean at once.

    Loops over maps of one channel beside C are slow: 0.27 against 0.47 ms for 4 channels of 128².
    """
    shape = op.tensor_shape(data)
    channels = shape[3]
    weights = op.floats(np.full((channels, 1, 1, channels), 1 / channels, np.float32), name="mean")
    mean, centred, squares, variance, inverse = (op.temporary(shape) for _ in range(5))
    none = op.floats(np.zeros((channels,), np.float32), name="none")
    op.add("CONV_2D", (data, weights, none), (mean,), **POINTWISE)
    op.add("SUB", (data, mean), (centred,))
    op.add("MUL", (centred, centred), (squares,))
    offset = op.floats(np.full((channels,), op.constant(epsilon).item(), np.float32), name="epsilon")
    op.add("CONV_2D", (squares, weights, offset), (variance,), **POINTWISE)
    op.add("RSQRT", (variance,), (inverse,))
    _apply_affine(op, centred, inverse, scale, bias)


def _variance(
    op: Operation, x: str, data: int, mean: int, reduced: Sequence[int], small: Sequence[int]
) -> int:
    if _is_of_int8(op, x):
        return _less_square(op, _mean_square(op, data, reduced, small), mean)
    squares = op.temporary(op.tensor_shape(data))
    op.add("SQUARED_DIFFERENCE", (data, mean), (squares,))
    return _mean(op, squares, reduced, small)


def _is_of_int8(op: Operation, x: str) -> bool:
    """Whether the values of ``x`` are those of an int8 tensor, or the sum of two."""
    if op.emitter.plan is not None and x in op.emitter.plan.wholes:
        return True
    return any(form.storage == "int8" for form in op.emitter.forms.get(x, ()))


def _mean_square(op: Operation, data: int, reduced: Sequence[int], small: Sequence[int]) -> int:
    squares = op.temporary(op.tensor_shape(data))
    op.add("MUL", (data, data), (squares,))
    return _mean(op, squares, reduced, small)


def _less_square(op: Operation, mean_square: int, mean: int) -> int:
    """``max(mean_square - mean * mean, 0)``."""
    small = op.tensor_shape(mean)
    square, difference, variance = (op.temporary(small) for _ in range(3))
    op.add("MUL", (mean, mean), (square,))
    op.add("SUB", (mean_square, square), (difference,))
    zero = op.floats(np.zeros((1,), np.float32), name="zero")
    op.add("MAXIMUM", (difference, zero), (variance,))
    return variance


def _inverse_deviation(
    op: Operation, variance: int, epsilon: str, small: Sequence[int], outside: float
) -> int:
    if not outside:
        return _rsqrt_of(op, variance, epsilon, small)
    root, deviation, inverse = variance, op.temporary(small), op.temporary(small)
    if not _is_uniform(op, epsilon, 0.0):
        root = op.temporary(small)
        op.add("ADD", (variance, op.operand(epsilon, len(small))), (root,))
    rooted = op.temporary(small)
    op.add("SQRT", (root,), (rooted,))
    op.add("ADD", (rooted, op.floats(np.full((1,), outside, np.float32), name="outside")), (deviation,))
    op.add("DIV", (op.floats(np.ones((1,), np.float32), name="one"), deviation), (inverse,))
    return inverse


def _rsqrt_of(op: Operation, variance: int, epsilon: str, small: Sequence[int]) -> int:
    safe, inverse = op.temporary(small), op.temporary(small)
    op.add("ADD", (variance, op.operand(epsilon, len(small))), (safe,))
    op.add("RSQRT", (safe,), (inverse,))
    return inverse


def _apply_folded(
    op: Operation, data: int, mean: int, inverse: int, scale: str, bias: str, small: Sequence[int]
) -> None:
    """``x * s + t`` with ``s = scale * inverse`` and ``t = bias - mean * s``."""
    rank = len(small)
    factor = inverse
    if not _is_uniform(op, scale, 1.0):
        factor = op.temporary(small)
        op.add("MUL", (inverse, op.operand(scale, rank)), (factor,))
    moved, shift = op.temporary(small), op.temporary(small)
    op.add("MUL", (mean, factor), (moved,))
    if _is_uniform(op, bias, 0.0):
        op.add("NEG", (moved,), (shift,))
    else:
        op.add("SUB", (op.operand(bias, rank), moved), (shift,))
    product = op.temporary(op.tensor_shape(data))
    op.add("MUL", (data, factor), (product,))
    op.add("ADD", (product, shift), (op.result(),), **op.activation)


def _apply_to_map(op: Operation, data: int, mean: int, inverse: int, scale: str, bias: str) -> None:
    """``(x - mean) * inverse * scale + bias`` where scale and bias vary over the reduced axes."""
    centred = op.temporary(op.tensor_shape(data))
    op.add("SUB", (data, mean), (centred,))
    _apply_affine(op, centred, inverse, scale, bias)


def _apply_affine(op: Operation, centred: int, inverse: int, scale: str, bias: str) -> None:
    """``centred * inverse * scale + bias``."""
    shape = op.tensor_shape(centred)
    steps = [
        (k, v)
        for k, v, neutral in (("MUL", scale, 1.0), ("ADD", bias, 0.0))
        if not _is_uniform(op, v, neutral)
    ]
    current = op.temporary(shape) if steps else op.result()
    op.add("MUL", (centred, inverse), (current,), **({} if steps else op.activation))
    for position, (kind, value) in enumerate(steps):
        last = position == len(steps) - 1
        target = op.result() if last else op.temporary(shape)
        op.add(kind, (current, op.operand(value, len(shape))), (target,), **(op.activation if last else {}))
        current = target


def _varies_over(op: Operation, value: str, axes: Sequence[int]) -> bool:
    shape = op.shape(value)
    return any(shape[axis] != 1 for axis in axes) if len(shape) > max(axes) else bool(np.prod(shape) != 1)


def _is_uniform(op: Operation, value: str, number: float) -> bool:
    return op.is_constant(value) and bool(np.all(op.constant(value) == number))
