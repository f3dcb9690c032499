"""Elementwise ops on floats, integers and truth values."""

import math

import numpy as np
import pytest

from tests.runtimes.mil_reference.support import BOOL, HALF, INT, evaluated

A = np.array([[-7.5, 3.0], [2.5, -0.5]], np.float32)
B = np.array([2.0, -2.0], np.float32)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("add", A + B),
        ("sub", A - B),
        ("mul", A * B),
        ("real_div", A / B),
        ("floor_div", [[-4, -2], [1, 0]]),
        ("mod", [[0.5, -1], [0.5, -0.5]]),
        ("maximum", [[2, 3], [2.5, -0.5]]),
        ("minimum", [[-7.5, -2], [2, -2]]),
    ],
)
def test_two_operands_broadcast(kind, expected):
    """Two operands broadcast; mod has the divisor's sign, floor_div rounds down."""
    np.testing.assert_array_equal(evaluated(kind, x=A, y=B), expected)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("equal", [0, 1, 0]), ("not_equal", [1, 0, 1]), ("less", [1, 0, 0]), ("less_equal", [1, 1, 0]),
     ("greater", [0, 0, 1]), ("greater_equal", [0, 1, 1])],
)  # fmt: skip
def test_comparisons_are_truth_values(kind, expected):
    """Comparisons are truth values."""
    found = evaluated(kind, x=[1, 2, 3], y=[2, 2, 2], outputs=(BOOL,))
    np.testing.assert_array_equal(found, np.array(expected, bool))


def test_logic():
    """Logic is of truth values."""
    x, y = np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)
    for kind, expected in (("logical_and", x & y), ("logical_or", x | y), ("logical_xor", x ^ y)):
        np.testing.assert_array_equal(evaluated(kind, x=x, y=y, outputs=(BOOL,)), expected)
    np.testing.assert_array_equal(evaluated("logical_not", x=x, outputs=(BOOL,)), ~x)


def test_integers_stay_integers():
    """Integers stay integers: quotients are cut, or rounded down by floor_div."""
    assert evaluated("real_div", x=[-7], y=[2], outputs=(INT,))[0] == -3
    assert evaluated("floor_div", x=[-7], y=[2], outputs=(INT,))[0] == -4
    assert evaluated("mod", x=[-7], y=[3], outputs=(INT,))[0] == 2
    assert evaluated("pow", x=[3], y=[4], outputs=(INT,))[0] == 81


@pytest.mark.parametrize(
    "kind", ["acos", "asin", "atan", "atanh", "ceil", "cos", "cosh", "erf", "exp", "exp2", "floor", "sin", "sinh", "sqrt", "tan", "tanh"]
)  # fmt: skip
def test_functions_of_one_number(kind):
    """Functions of one number are the mathematical ones."""
    x = [0.1, 0.25, 0.75]
    expected = [getattr(math, kind)(np.float32(v)) for v in x]
    np.testing.assert_allclose(evaluated(kind, x=x), expected, rtol=1e-6)


def test_rounding_and_signs():
    """Halves round to the even neighbour; the sign of 0 is 0."""
    x = [-2.5, -0.5, 0.0, 0.5, 1.5]
    np.testing.assert_array_equal(evaluated("round", x=x), [-2, 0, 0, 0, 2])
    np.testing.assert_array_equal(evaluated("sign", x=x), [-1, -1, 0, 1, 1])
    np.testing.assert_array_equal(evaluated("abs", x=x), [2.5, 0.5, 0, 0.5, 1.5])
    np.testing.assert_array_equal(evaluated("square", x=x), np.square(x))


def test_bounds():
    """Clip has two bounds, threshold a lower one."""
    np.testing.assert_array_equal(evaluated("clip", x=[-2.0, 0.0, 9.0], alpha=-1.0, beta=6.0), [-1, 0, 6])
    np.testing.assert_array_equal(evaluated("threshold", x=[-2.0, 9.0], alpha=1.0), [1, 9])


def test_epsilons_are_added_first():
    """Epsilons are added before the function, with their documented defaults in the type of x."""
    assert evaluated("inverse", x=[0.0])[0] == np.float32(1e4)
    assert evaluated("inverse", x=[2.0], epsilon=2.0)[0] == 0.25
    assert evaluated("rsqrt", x=[0.0])[0] == pytest.approx(1e6, rel=1e-6)
    assert evaluated("rsqrt", x=[0.0], epsilon=0.25)[0] == 2
    assert evaluated("log", x=[0.0])[0] == pytest.approx(math.log(1.4e-45), abs=0.01)
    # 1e-45 is no fp16 number.
    assert evaluated("log", x=[0.0], outputs=(HALF,))[0] == -np.inf
