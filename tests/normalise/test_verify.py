"""What counts as a difference."""

import re

import numpy as np
import pytest

from mobilekit.metrics import Tolerance
from mobilekit.normalise.verify import HALF, MINIMUM_PSNR, MINIMUM_PSNR_HALF, first_difference, tolerance_of
from tests.normalise.support import graph_of

ONES = np.linspace(0, 1, 1000, dtype=np.float32)


def _found(wanted, got, tolerance=Tolerance(psnr=MINIMUM_PSNR)):  # noqa: B008 - frozen
    return first_difference([{"y": wanted}], [{"y": got}], tolerance=tolerance)


def test_rounding_is_none():
    """Last bits, and equal values of any type, not-a-number included."""
    assert _found(ONES, ONES * np.float32(1 + 1e-6)) is None
    assert _found(np.arange(9), np.arange(9)) is None
    assert _found(np.array([np.nan, 1.0]), np.array([np.nan, 1.0])) is None


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (ONES * np.float32(1.01), "dB"),
        (np.where(ONES > 0.5, np.float32(np.nan), ONES), "dB"),
        (ONES.astype(np.float64), "float64"),
        (ONES[:-1], r"\[999\]"),
    ],
    ids=["a hundredth", "not a number", "type", "shape"],
)
def test_what_is_one(got, words):
    """Values, types and shapes, each told as what it is."""
    assert re.search(words, _found(ONES, got) or "")


def test_integers():
    """One in a thousand may be a tie; more may not."""
    wanted = np.arange(2000)
    one, many = wanted.copy(), wanted.copy()
    one[7], many[:3] = 0, -1
    assert _found(wanted, one) is None
    assert "differ" in _found(wanted, many)


def test_halves_of_a_narrow_range():
    """Of -0.969 and -0.958 a half keeps three digits: 35 dB of their range, and still no difference."""
    wanted = np.array([-0.969366, -0.957900], np.float32)
    rounded = wanted.astype(np.float16).astype(np.float32)
    halves = tolerance_of(
        graph_of(
            '<ir_version: 8, opset_import: ["" : 17]> g (float16[2] x) => (float16[2] y) { y = Relu(x) }'
        )
    )
    assert halves == Tolerance(psnr=MINIMUM_PSNR_HALF, rounding=HALF)
    assert _found(wanted, rounded, halves) is None
    assert "dB" in _found(wanted, rounded)
    assert "dB" in _found(wanted, wanted[::-1], halves)
