"""When an output of the reference evaluator counts as right: our own measure, not the tests' tolerances.

The largest absolute error is divided by the scale of the expected output: its range (largest less smallest finite
value), or its largest magnitude where that is the greater of the two by a hundred times. So a map between 5.0 and 5.1
is judged by 0.1, and a single number by itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np

RELATIVE: Final = {"fp32": 1e-3, "fp16": 2e-2}
"""The largest error over the scale that is right, by the precision of the program."""
STEP: Final = {"fp32": float(np.finfo(np.float32).eps), "fp16": float(np.finfo(np.float16).eps)}
"""Of the largest magnitude: numbers of that precision are that far apart, so no result can be nearer for certain."""
FLAT: Final = 1e-2
"""A range below this share of the largest magnitude is none."""
FLOOR: Final = {"fp32": 1e-5, "fp16": 1e-3}
"""The least tolerance, for outputs of zeros."""


def difference(expected: np.ndarray, actual: np.ndarray, precision: str) -> str:
    """What is wrong with an output; empty if nothing is.

    Integers and booleans must be equal. NaN must be where NaN is expected, infinities with their sign; in fp16 an
    infinity may also stand for what exceeds that type.
    """
    if actual.shape != expected.shape and not (expected.shape == () and actual.shape == (1,)):
        return f"shape {list(actual.shape)}, expected {list(expected.shape)}"
    wanted, got = expected.reshape(-1), actual.reshape(-1)
    if wanted.dtype.kind in "biu" or got.dtype.kind in "biu":
        wrong = int((wanted.astype(np.float64) != got.astype(np.float64)).sum())
        return f"{wrong} of {wanted.size} elements differ" if wrong else ""
    return _of_floats(wanted.astype(np.float64), got.astype(np.float64), precision)


def tolerance(expected: np.ndarray, precision: str) -> float:
    """The largest absolute error that is allowed, for finite expected values."""
    span, magnitude = float(expected.max() - expected.min()), float(np.abs(expected).max())
    scale = span if span > FLAT * magnitude else magnitude
    return max(RELATIVE[precision] * scale, STEP[precision] * magnitude, FLOOR[precision])


def _of_floats(wanted: np.ndarray, got: np.ndarray, precision: str) -> str:
    if precision == "fp16":
        largest = float(np.finfo(np.float16).max)
        over = np.isfinite(wanted) & (np.abs(wanted) > largest) & np.isinf(got)
        wanted = np.where(over, np.copysign(np.inf, wanted), wanted)
    finite = np.isfinite(wanted)
    same = np.array_equal(wanted[~finite], got[~finite], equal_nan=True)
    if not same or not np.isfinite(got[finite]).all():
        return "NaN or infinity in different places"
    if not finite.any():
        return ""
    error, allowed = float(np.abs(wanted[finite] - got[finite]).max()), tolerance(wanted[finite], precision)
    return f"error {error:.3g}, allowed {allowed:.3g}" if error > allowed else ""
