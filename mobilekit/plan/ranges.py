"""From statistics to ranges, and from ranges to scales and zero points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from mobilekit.errors import UsageError
from mobilekit.plan.clip_entropy import least_divergence_range
from mobilekit.plan.clip_error import least_error_range
from mobilekit.quantisation import Scale, TensorRange

if TYPE_CHECKING:
    from mobilekit.calibrate.stats import ValueStats

Method = Literal["percentile", "min-max", "mean-extremes", "entropy", "mse"]
METHODS: tuple[str, ...] = get_args(Method)
DEFAULT_METHOD = "mse"
DEFAULT_PERCENTILE = 99.999

LEVELS = 255.0
SMALLEST_SCALE = 2.0**-60  # products of three of them are still float32 numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeRule:
    """How ranges follow from statistics.

    ``percentile`` is that of the method of this name: so many per cent of the values from below, and
    from above, are inside the range. ``symmetric`` ranges have their zero points at zero. Raises
    UsageError for an unknown ``method``, or a ``percentile`` that is not above 50 and at most 100.
    """

    method: str = DEFAULT_METHOD
    percentile: float = DEFAULT_PERCENTILE
    symmetric: bool = False

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            message = f"no range method {self.method!r}"
            raise UsageError(message, hint=f"methods are: {', '.join(METHODS)}")
        if not 50.0 < self.percentile <= 100.0:
            message = f"percentile {self.percentile} is not above 50 and at most 100"
            raise UsageError(message, hint=f"{DEFAULT_PERCENTILE} is the default")

    def __str__(self) -> str:
        said = f"{self.method} {self.percentile}" if self.method == "percentile" else self.method
        return f"{said} symmetric" if self.symmetric else said

    @property
    def needs_extremes(self) -> bool:
        """Whether it takes every photo's true extremes; other methods make do with samples."""
        return self.method in ("min-max", "mean-extremes")

    def range_of(self, stats: ValueStats, *, rounding: float = 1.0) -> TensorRange:
        """The range of one value, zero in it; ``scale_for`` makes it symmetric where that is asked for.

        Values observed whole (small tensors) take their extremes always: each element counts there. So do
        maps of few channels: what is clipped in a picture is seen. ``mse`` counts the error of rounding
        ``rounding`` times as much as that of clipping.
        """
        whole = stats.exhaustive or stats.picture or not stats.bins
        method = "min-max" if whole else self.method
        if method == "entropy":
            return least_divergence_range(stats, symmetric=self.symmetric)
        if method == "mse":
            return least_error_range(
                stats, scaled=self.scale_for, symmetric=self.symmetric, rounding=rounding
            )
        return including_zero(*self._ends(stats, method))

    def scale_for(self, interval: TensorRange) -> Scale:
        """The scale of a value with this range."""
        return scale_of(balanced(interval) if self.symmetric else interval)

    def _ends(self, stats: ValueStats, method: str) -> tuple[float, float]:
        if method == "mean-extremes":
            return stats.extremes
        if method == "percentile":
            return stats.percentile(self.percentile)
        return stats.minimum, stats.maximum


def balanced(interval: TensorRange) -> TensorRange:
    """The smallest symmetric range with ``interval`` in it: -128 … 127 steps."""
    largest = max(interval.maximum, interval.minimum * -127.0 / 128.0)
    return TensorRange(minimum=largest * -128.0 / 127.0, maximum=largest)


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
