"""Quotients and remainders of integers in LiteRT, at the edges of every type."""

import numpy as np
import pytest

from tests.convert.tflite.nodes import edges, litert, wrapped

TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def truncated(x, y):
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def operands(dtype):
    """Every edge by every fifth, without zeros and the one quotient that overflows."""
    values = edges(dtype, count=30)
    x, y = np.repeat(values, len(values[::5])), np.tile(values[::5], len(values))
    y[y == 0] = 3
    lowest = np.iinfo(dtype).min
    keep = ~((x == lowest) & (y.astype(object) == -1)) if lowest else np.ones(len(x), bool)
    return x[keep], y[keep]


@pytest.mark.parametrize("dtype", TYPES)
def test_quotients_are_truncated(dtype):
    """Towards zero, to the last bit of 64."""
    x, y = operands(dtype)
    np.testing.assert_array_equal(litert("Div", [x, y], runtime=(0, 1)), wrapped(truncated, dtype, x, y))


@pytest.mark.parametrize("dtype", ["int64", "uint64", "uint8"])
@pytest.mark.parametrize("divisor", [1, 2, 3, 10, 100])
def test_constant_divisors(dtype, divisor):
    """As index arithmetic has them."""
    x = edges(dtype)
    wanted = wrapped(lambda v: truncated(v, divisor), dtype, x)
    np.testing.assert_array_equal(litert("Div", [x, np.array(divisor, dtype)]), wanted)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("fmod", [0, 1])
def test_remainders(dtype, fmod):
    """The sign is the divisor's, or with fmod the dividend's."""
    x, y = operands(dtype)
    exact = (lambda a, b: a - b * truncated(a, b)) if fmod else (lambda a, b: a % b)
    got = litert("Mod", [x, y], runtime=(0, 1), fmod=fmod)
    np.testing.assert_array_equal(got, wrapped(exact, dtype, x, y))
