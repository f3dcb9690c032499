"""When an output of the evaluator counts as right."""

import numpy as np
import pytest

from tests.mil_ops.judge import difference, tolerance

RAMP = np.linspace(0, 10, 11, dtype=np.float32)


@pytest.mark.parametrize(("precision", "share"), [("fp32", 1e-3), ("fp16", 2e-2)])
def test_a_share_of_the_range(precision, share):
    """Just below the share of the range is right, just above is wrong."""
    assert difference(RAMP, RAMP + np.float32(9.5 * share), precision) == ""
    assert difference(RAMP, RAMP + np.float32(10.5 * share), precision) != ""


def test_what_coremltools_lets_pass():
    """An error of 0.5 in half precision, which the tests' own tolerance allows, is wrong."""
    assert difference(RAMP, RAMP + np.float32(0.5), "fp16") != ""


def test_a_narrow_range_far_from_zero():
    """Between 5.0 and 5.1 the range counts; where there is no range, the magnitude."""
    assert tolerance(np.array([5.0, 5.1]), "fp32") == pytest.approx(1e-4)
    assert tolerance(np.array([5.0, 5.0]), "fp32") == pytest.approx(5e-3)
    assert tolerance(np.zeros(3), "fp32") == pytest.approx(1e-5)


def test_integers_are_equal():
    """One off is wrong, also where one side is carried as floats."""
    assert difference(np.array([1, 2]), np.array([1.0, 2.0], np.float32), "fp16") == ""
    assert difference(np.array([100, 200]), np.array([100.0, 201.0], np.float32), "fp16") != ""


def test_shapes():
    """A shape is part of the output; only a scalar may come as a vector of one."""
    assert difference(RAMP, RAMP[None], "fp32") != ""
    assert difference(np.array(2.0), np.array([2.0]), "fp32") == ""
    assert difference(np.array([2.0]), np.array([[2.0]]), "fp32") != ""


@pytest.mark.parametrize("other", [0.0, -np.inf, np.nan])
def test_infinity(other):
    """Infinity is expected where it is, with its sign."""
    expected = np.array([np.inf, 1.0])
    assert difference(expected, expected, "fp32") == ""
    assert difference(expected, np.array([other, 1.0]), "fp32") != ""


def test_beyond_half_precision():
    """What half precision cannot hold may be infinite there, but not in float32, and not with the other sign."""
    expected, infinite = np.array([70000.0, 1.0]), np.array([np.inf, 1.0])
    assert difference(expected, infinite, "fp16") == ""
    assert difference(expected, infinite, "fp32") != ""
    assert difference(expected, -infinite, "fp16") != ""
