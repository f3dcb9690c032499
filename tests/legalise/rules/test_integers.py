"""Integers of every type, in LiteRT itself, against Python's integers cut to the type's bits."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.rules.integers import KERNELS, has_kernel
from tests.convert.tflite.nodes import edges, litert, wrapped

TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def pairs(dtype):
    """Edge values against edge values in another order."""
    values = edges(dtype, count=40)
    return values, np.random.default_rng(5).permutation(values)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("op", "exact"),
    [
        ("Add", lambda x, y: x + y),
        ("Sub", lambda x, y: x - y),
        ("Mul", lambda x, y: x * y),
        ("Max", max),
        ("Min", min),
    ],
)
def test_arithmetic_wraps(op, exact, dtype):
    """Sums, differences and products lose the upper bits only; extremes know the sign."""
    x, y = pairs(dtype)
    np.testing.assert_array_equal(litert(op, [x, y], runtime=(0, 1)), wrapped(exact, dtype, x, y))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("op", "exact"),
    [("Less", np.less), ("LessOrEqual", np.less_equal), ("Greater", np.greater), ("Equal", np.equal)],
)
def test_comparisons(op, exact, dtype):
    """Large unsigned numbers are larger than small ones."""
    x, y = pairs(dtype)
    y[::3] = x[::3]
    np.testing.assert_array_equal(litert(op, [x, y], runtime=(0, 1)), exact(x, y))


@pytest.mark.parametrize("dtype", TYPES)
def test_functions_of_one(dtype):
    """Absolute values and signs, the lowest number's too."""
    x = edges(dtype)
    np.testing.assert_array_equal(litert("Abs", [x]), wrapped(abs, dtype, x))
    np.testing.assert_array_equal(litert("Sign", [x]), np.sign(x.astype(object)).astype(dtype))


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize(
    ("op", "exact"), [("ReduceSum", sum), ("ReduceMax", max), ("ReduceMin", min), ("ReduceProd", np.prod)]
)
def test_reductions(op, exact, dtype):
    """Over an axis of large numbers."""
    x = edges(dtype)[: 4 * 7].reshape(7, 4)
    wanted = wrapped(lambda *row: exact(np.array(row, object)), dtype, *x.T)[:, None]
    np.testing.assert_array_equal(litert(op, [x, np.array([1])]), wanted)


def test_a_mean_of_uint64_is_refused():
    """Its sum overflows what a kernel can hold."""
    with pytest.raises(UnsupportedOperatorError, match=r"ReduceMean.*a mean of uint64"):
        litert("ReduceMean", [np.zeros((2, 2), np.uint64), np.array([1])])


def test_kernels_say_what_they_cannot():
    """An operator outside the table, and floats, need no other type."""
    assert has_kernel("And", np.dtype(np.bool_))
    assert has_kernel("Pow", np.dtype(np.float32))
    assert not has_kernel("Add", np.dtype(np.int8))
    assert "int64" not in KERNELS["Div"]
