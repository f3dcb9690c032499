"""When an output is right: by the range of what is expected, and exactly for integers."""

import numpy as np
import pytest

from tests.conformance.judge import FLOOR, difference, tolerance

RAMP = np.linspace(0, 10, 11, dtype=np.float32)


def test_a_thousandth_of_the_range():
    """0.01 of a range of 10 is allowed, 0.02 is not."""
    assert difference(RAMP, RAMP + np.float32(0.009)) == ""
    assert "allowed 0.01" in difference(RAMP, RAMP + np.float32(0.02))


@pytest.mark.parametrize(
    ("expected", "allowed"),
    [
        ([0.0], FLOOR["fp32"]),
        ([3.0], 3e-3),
        ([5.0, 5.001], 5.001e-3),
        ([-1e-4, 1e-4], FLOOR["fp32"]),
        ([-1.0, 1.0], 2e-3),
    ],
)
def test_tiny_ranges(expected, allowed):
    """A single value has no range: its magnitude counts, and for zeros a floor."""
    assert tolerance(np.array(expected)) == pytest.approx(allowed)


def test_half_precision_has_steps():
    """One step of float16 near the largest number may exceed a thousandth of a small range; two steps are wrong."""
    expected = np.array([0.75, 0.999], np.float16)
    one, two = (expected + np.array([0, steps * 2.0**-11], np.float16) for steps in (-1, -2))
    assert difference(expected, one) == ""
    assert difference(expected, expected + np.float16(0.004)) != ""
    assert difference(expected.astype(np.float32), two.astype(np.float32)) != ""


def test_half_precision_has_a_tolerance_of_its_own():
    """Two hundredths of the range, a floor of 1e-3; integers are equal there too."""
    assert difference(RAMP, RAMP + np.float32(0.19), "fp16") == ""
    assert "allowed 0.2" in difference(RAMP, RAMP + np.float32(0.21), "fp16")
    assert tolerance(np.array([0.0]), "fp16") == FLOOR["fp16"]
    assert difference(np.array([1]), np.array([2]), "fp16") != ""
    assert difference(np.array([1.0], np.float32), np.array([np.inf], np.float32), "fp16") != ""


def test_integers_and_booleans_are_equal():
    """One off is wrong, however large the range."""
    assert difference(np.array([0, 1000]), np.array([0, 1000])) == ""
    assert difference(np.array([0, 1000]), np.array([0, 1001])) == "1 of 2 elements differ"
    assert difference(np.array([True]), np.array([False])) != ""


def test_shape_and_type_count():
    """The same values in another shape or type are another output."""
    assert "expected float32[11]" in difference(RAMP, RAMP.reshape(1, 11))
    assert "expected float32[11]" in difference(RAMP, RAMP.astype(np.float64))


def test_what_is_not_finite():
    """NaN where NaN is expected, infinities by their sign; neither excuses anything else."""
    expected = np.array([np.nan, np.inf, -np.inf, 1.0], np.float32)
    assert difference(expected, expected.copy()) == ""
    for index, wrong in ((0, 0.0), (1, -np.inf), (2, np.nan), (3, np.nan), (3, np.inf), (3, 2.0)):
        other = expected.copy()
        other[index] = wrong
        assert difference(expected, other) != ""
