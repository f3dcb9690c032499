"""Powers of integers and of mixed types in LiteRT."""

import numpy as np
import pytest

from tests.convert.tflite.nodes import litert, wrapped


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("runtime", [(0, 1), (0,)])
@pytest.mark.parametrize("exponent", [np.int32, np.int64, np.uint8, np.float32])
def test_integer_powers_are_exact(dtype, exponent, runtime):
    """Whole exponents of any type; 3^39 has more bits than a float."""
    x = np.array([0, 1, -1, 2, -3, 3, 7, -9, 10, 5], dtype)
    y = np.array([0, 5, 31, 30, 19, 39 if dtype == "int64" else 19, 11, 5, 9, 3], exponent)
    got = litert("Pow", [x, y], runtime=runtime)
    np.testing.assert_array_equal(got, wrapped(lambda a, b: a**b, dtype, x, y))


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 13])
def test_one_constant_exponent_is_a_chain_of_products(exponent):
    """Squares and products only."""
    x = np.array([[-3, 2], [5, 7]], np.int64)
    np.testing.assert_array_equal(litert("Pow", [x, np.array(exponent)]), x**exponent)


@pytest.mark.parametrize("runtime", [(0, 1), (0,)])
def test_negative_exponents(runtime):
    """1/x of an integer is 0 but for 1 and −1."""
    x, y = np.array([1, -1, -1, 2, -7], np.int64), np.array([-3, -3, -2, -1, -2], np.int64)
    np.testing.assert_array_equal(litert("Pow", [x, y], runtime=runtime), [1, -1, 1, 0, 0])


def test_fractional_exponents_of_integers():
    """By way of floats, truncated."""
    got = litert(
        "Pow", [np.array([4, 10, 27], np.int32), np.array([0.5, 0.5, 2.0], np.float32)], runtime=(0, 1)
    )
    np.testing.assert_array_equal(got, [2, 3, 729])


def test_float_powers_of_integers():
    """A float's integer exponents become floats."""
    x = np.array([1.5, -2, 0.5], np.float32)
    np.testing.assert_allclose(litert("Pow", [x, np.array([2, 3, -1])], runtime=(0, 1)), [2.25, -8, 2])
