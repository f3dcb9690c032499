"""How far two arrays are apart: one definition for parity, the plan and the benchmarks.

Everything is computed in float64. Pictures are H×W×3, sRGB, 0…1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from mobilekit.errors import InputDataError

if TYPE_CHECKING:
    from mobilekit.tensors import Array

SSIM_WINDOW = 11  # the Gaussian of sigma 1.5, cut at 3.5 sigma, as in Wang et al. 2004

SINGLE = 2.0**-23
"""What rounding to float32 may change, relative."""
_SOME = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How near floats must be: to ``psnr`` dB, or within some roundings of their magnitude.

    ``rounding`` is the relative error of one result; see :func:`in_last_bits`.
    """

    psnr: float
    rounding: float = SINGLE


def psnr(reference: Array, other: Array) -> float | None:
    """Peak signal-to-noise ratio of ``other`` in dB; None if the two are identical.

    The peak is max − min of the reference's finite values. A constant reference has no range: its
    magnitude is the peak, or 1 where it is all zeros. Where the reference is NaN or infinite,
    ``other`` must be the same; NaN or infinity anywhere else gives −inf, without saying by how much.
    Raises InputDataError if the shapes differ.
    """
    expected, got = _pair(reference, other)
    finite = np.isfinite(expected)
    if not finite.all():
        if not np.array_equal(expected[~finite], got[~finite], equal_nan=True):
            return -math.inf
        expected, got = expected[finite], got[finite]
    if not np.isfinite(got).all():
        return -math.inf
    difference = expected - got
    error = float(np.mean(np.square(difference))) if difference.size else 0.0
    if error == 0.0 and not difference.any():
        return None
    # Differences below 1e-154 square to zero: they still are differences.
    return 10.0 * math.log10(_peak(expected) ** 2 / max(error, np.finfo(np.float64).tiny))


def in_last_bits(reference: Array, other: Array, *, rounding: float = SINGLE) -> bool:
    """Whether two float arrays differ by no more than some roundings of numbers of their magnitude.

    PSNR is relative to the range: of 1 + 1e-7 it makes a signal, and of the last bit a noise as loud.
    Raises InputDataError if the shapes differ.
    """
    expected, got = _pair(reference, other)
    finite = np.isfinite(expected)
    if not np.array_equal(expected[~finite], got[~finite], equal_nan=True):
        return False
    limit = _SOME * rounding * np.max(np.abs(expected[finite]), initial=0.0)
    return bool(np.max(np.abs(expected[finite] - got[finite]), initial=0.0) <= limit)


def mean_absolute_error(reference: Array, other: Array) -> float:
    """Mean absolute difference; NaN if either holds NaN. Raises InputDataError if shapes differ."""
    expected, got = _pair(reference, other)
    return float(np.mean(_distance(expected, got))) if expected.size else 0.0


def max_abs_error(reference: Array, other: Array) -> float:
    """Largest absolute difference; NaN if one of a pair is. Raises InputDataError if shapes differ."""
    expected, got = _pair(reference, other)
    return float(np.max(_distance(expected, got))) if expected.size else 0.0


def mismatch(reference: Array, other: Array) -> float:
    """Share of elements that are not equal, 0…1 (NaN equals NaN): the measure for integer outputs."""
    expected, got = _pair(reference, other)
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    return 1.0 - float(np.mean(same)) if expected.size else 0.0


def ssim(reference: Array, other: Array, *, data_range: float = 1.0) -> float:
    """Structural similarity of two H×W or H×W×C pictures, −1…1 (Wang et al. 2004).

    Gaussian window of sigma 1.5, mean over positions and channels; ``data_range`` is white − black.
    Raises InputDataError if the shapes differ or a side is under 11 pixels.
    """
    from skimage.metrics import structural_similarity

    expected, got = _pair(reference, other)
    if expected.ndim not in (2, 3) or min(expected.shape[:2]) < SSIM_WINDOW:
        message = f"SSIM is for H×W(×C) pictures of {SSIM_WINDOW} pixels a side at least: {expected.shape}"
        raise InputDataError(message)
    value = structural_similarity(
        expected,
        got,
        data_range=data_range,
        channel_axis=2 if expected.ndim == 3 else None,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(cast("Any", value))


def delta_e(reference: Array, other: Array) -> float:
    """Mean CIEDE2000 colour difference of two H×W×3 sRGB pictures, 0…1 (Sharma et al. 2005).

    About 1 is the smallest difference that a person sees. Raises InputDataError if shapes differ.
    """
    return float(np.mean(delta_e_map(reference, other)))


def delta_e_map(reference: Array, other: Array) -> npt.NDArray[np.float64]:
    """The CIEDE2000 colour difference of each pixel, H×W; see :func:`delta_e`."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    expected, got = _pair(reference, other)
    if expected.ndim != 3 or expected.shape[2] != 3:
        message = f"a colour difference is for H×W×3 pictures, got {expected.shape}"
        raise InputDataError(message)
    return np.asarray(deltaE_ciede2000(rgb2lab(expected), rgb2lab(got)), np.float64)


def iou(reference: Array, other: Array) -> float:
    """Intersection over union of two masks (non-zero is inside), 0…1; two empty masks give 1."""
    expected, got = (values.astype(bool) for values in _pair(reference, other))
    union = int(np.count_nonzero(expected | got))
    return int(np.count_nonzero(expected & got)) / union if union else 1.0


def _pair(reference: Array, other: Array) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    if reference.shape != other.shape:
        message = f"only arrays of one shape can be compared: {reference.shape} and {other.shape}"
        raise InputDataError(message)
    return np.asarray(reference, np.float64), np.asarray(other, np.float64)


def _distance(expected: npt.NDArray[np.float64], got: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Absolute differences, with 0 where both are the same NaN or infinity."""
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    with np.errstate(invalid="ignore"):
        return np.where(same, 0.0, np.abs(expected - got))


def _peak(reference: npt.NDArray[np.float64]) -> float:
    low, high = float(reference.min()), float(reference.max())
    return (high - low) or abs(high) or 1.0
