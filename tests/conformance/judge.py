"""When an output counts as right, by the precision of the file.

In half precision inputs are rounded before anything is computed, and so is every result: a step of it is 1e-3 of a number,
and twenty of them are allowed. Apple's own tests of Core ML's operations allow 0.5 there.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

Precision = Literal["fp32", "fp16"]

RELATIVE: dict[Precision, float] = {"fp32": 1e-3, "fp16": 2e-2}
"""Of the range of the expected output."""
TINY = 1e-2
"""Ranges below are none: there the largest expected magnitude counts (a single loss value, a constant map)."""
FLOOR: dict[Precision, float] = {"fp32": 1e-5, "fp16": 1e-3}
"""The least tolerance, for outputs of zeros."""


def difference(expected: np.ndarray, actual: np.ndarray, precision: Precision = "fp32") -> str:
    """What is wrong with an output; empty if nothing is. Integers and booleans must be the same."""
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        return f"{actual.dtype}{list(actual.shape)}, expected {expected.dtype}{list(expected.shape)}"
    if expected.dtype.kind != "f":
        wrong = int((expected != actual).sum())
        return f"{wrong} of {expected.size} elements differ" if wrong else ""
    step = float(np.finfo(np.float16 if precision == "fp16" else expected.dtype).eps)
    return _of_floats(expected.astype(np.float64), actual.astype(np.float64), step, precision)


def _of_floats(expected: np.ndarray, actual: np.ndarray, step: float, precision: Precision) -> str:
    finite = np.isfinite(expected)
    # What is not finite must be the same: NaN where NaN is expected, infinities by their sign.
    same = np.array_equal(expected[~finite], actual[~finite], equal_nan=True)
    if not same or not np.isfinite(actual[finite]).all():
        return "NaN or infinity in different places"
    if not finite.any():
        return ""
    error = float(np.abs(expected[finite] - actual[finite]).max())
    # Numbers of half precision near the largest one are that far apart.
    allowed = max(tolerance(expected[finite], precision), step * float(np.abs(expected[finite]).max()))
    return f"error {error:.3g}, allowed {allowed:.3g}" if error > allowed else ""


def tolerance(expected: np.ndarray, precision: Precision = "fp32") -> float:
    """The largest absolute error that is allowed, for finite expected values."""
    span = float(expected.max() - expected.min())
    scale = span if span >= TINY else max(span, float(np.abs(expected).max()))
    return max(RELATIVE[precision] * scale, FLOOR[precision])
