"""From statistics to ranges, and from ranges to scales and zero points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from mobilekit.errors import UsageError
from mobilekit.quantisation import Scale, TensorRange

if TYPE_CHECKING:
    from mobilekit.calibrate.stats import ValueStats

Method = Literal["percentile", "min-max"]

LEVELS = 255.0
SMALLEST_SCALE = 2.0**-60  # products of three of them are still float32 numbers


def check_method(method: str, percentile: float) -> None:
    """Raise UsageError for an unknown ``method``, or a ``percentile`` outside 50…100."""
    if method not in get_args(Method):
        message = f"no range method {method!r}"
        raise UsageError(message, hint=f"methods are: {', '.join(get_args(Method))}")
    if not 50.0 < percentile <= 100.0:
        message = f"percentile {percentile} is not above 50 and at most 100"
        raise UsageError(message, hint="99.99 is the default")


def observed_range(stats: ValueStats, *, method: str, percentile: float) -> TensorRange:
    """The range of one value. Values observed whole (small tensors) take their extremes always."""
    if method == "min-max" or stats.exhaustive:
        return including_zero(stats.minimum, stats.maximum)
    return including_zero(*stats.percentile(percentile))


def including_zero(minimum: float, maximum: float) -> TensorRange:
    """The smallest range with both and zero in it: zero must be exact, it is what pads are made of."""
    return TensorRange(minimum=min(minimum, 0.0), maximum=max(maximum, 0.0))


def union(ranges: Iterable[TensorRange]) -> TensorRange:
    """The smallest range that holds all of ``ranges``; at least one."""
    ranges = tuple(ranges)
    return TensorRange(minimum=min(r.minimum for r in ranges), maximum=max(r.maximum for r in ranges))


def scale_of(interval: TensorRange) -> Scale:
    """Asymmetric int8: the range over 255 steps, zero on an integer; ``scale`` is a float32 number.

    A range without extent (a tensor that is always zero) has the smallest scale.
    """
    step = (interval.maximum - interval.minimum) / LEVELS
    if step < SMALLEST_SCALE:
        return Scale(scale=SMALLEST_SCALE, zero_point=0)
    zero_point = int(np.clip(round(-128 - interval.minimum / step), -128, 127))
    return Scale(scale=float(np.float32(step)), zero_point=zero_point)


def range_of(scale: Scale) -> TensorRange:
    """The interval that int8 values of ``scale`` can represent."""
    return TensorRange(
        minimum=scale.scale * (-128 - scale.zero_point), maximum=scale.scale * (127 - scale.zero_point)
    )


def image_scale(black: float, white: float) -> Scale:
    """The scale of an image input from its declared range: int8 = uint8 - 128.

    Exact where black is a whole number of steps (0…1, 0…255); where it is not (-1…1), the zero
    point is rounded and every value is off by the same half step. A declared range that does not
    hold zero is widened to it.
    """
    return scale_of(including_zero(min(black, white), max(black, white)))
