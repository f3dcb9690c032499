"""Tensors made and measured."""

import numpy as np
import pytest

from mobilekit.runtimes.mil_reference.types import TensorType
from tests.runtimes.mil_reference.support import INT, evaluated

X = np.arange(1, 10, dtype=np.float32).reshape(3, 3)


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        (0, -1, np.triu(X)),
        (-1, 0, np.tril(X)),
        (0, 0, np.diag(np.diag(X))),
        (-1, -1, X),
        (1, 1, np.triu(np.tril(X, 1), -1)),
    ],
)
def test_band_part(lower, upper, expected):
    """The special cases that the documentation names, and a band."""
    np.testing.assert_array_equal(evaluated("band_part", x=X, lower=lower, upper=upper), expected)


def test_cumsum():
    """Running sums: inclusive, exclusive, from the end."""
    x = [1.0, 2.0, 4.0]
    yes = np.array(True)
    np.testing.assert_array_equal(evaluated("cumsum", x=x), [1, 3, 7])
    np.testing.assert_array_equal(evaluated("cumsum", x=x, exclusive=yes), [0, 1, 3])
    np.testing.assert_array_equal(evaluated("cumsum", x=x, reverse=yes), [7, 6, 4])
    np.testing.assert_array_equal(evaluated("cumsum", x=x, exclusive=yes, reverse=yes), [6, 4, 0])
    np.testing.assert_array_equal(evaluated("cumsum", x=X, axis=1), np.cumsum(X, 1))


def test_filling():
    """Fill has its value's type; fill_like the shape of another."""
    shape = np.array([2, 2], np.int32)
    np.testing.assert_array_equal(evaluated("fill", shape=shape, value=7, outputs=(INT,)), np.full((2, 2), 7))
    np.testing.assert_array_equal(evaluated("fill", shape=shape), np.zeros((2, 2)))
    np.testing.assert_array_equal(evaluated("fill_like", ref_tensor=X, value=2.5), np.full((3, 3), 2.5))


def test_non_zero_and_shape():
    """Indices of what is not 0, sizes of axes."""
    np.testing.assert_array_equal(
        evaluated("non_zero", x=[[0.0, 3.0], [2.0, 0.0]], outputs=(INT,)), [[0, 1], [1, 0]]
    )
    np.testing.assert_array_equal(evaluated("shape", x=X, outputs=(INT,)), [3, 3])


@pytest.mark.parametrize(("axis", "expected"), [(-1, [[0, 1, 0], [0, 0, 1]]), (0, [[0, 0], [1, 0], [0, 1]])])
def test_one_hot(axis, expected):
    """The new axis is where it is asked for; values on and off are."""
    indices = np.array([1, 2], np.int32)
    found = evaluated("one_hot", indices=indices, one_hot_vector_size=3, axis=axis, outputs=(INT,))
    np.testing.assert_array_equal(found, expected)
    other = evaluated(
        "one_hot", indices=indices, one_hot_vector_size=3, axis=axis, on_value=5.0, off_value=-1.0
    )
    np.testing.assert_array_equal(other, np.where(np.array(expected) == 1, 5, -1))


def test_one_hot_of_a_matrix():
    """Indices of rank 2 get a third axis, in the middle too."""
    indices = np.array([[0, 1], [1, 0]], np.int32)
    found = evaluated("one_hot", indices=indices, one_hot_vector_size=2, axis=1)
    np.testing.assert_array_equal(found[0], [[1, 0], [0, 1]])


def test_ranges():
    """Ranges end before their end, whichever way they go."""
    np.testing.assert_array_equal(evaluated("range_1d", start=1, end=8, step=3, outputs=(INT,)), [1, 4, 7])
    np.testing.assert_allclose(evaluated("range_1d", start=1.0, end=0.0, step=-0.25), [1, 0.75, 0.5, 0.25])
    assert evaluated("range_1d", start=1.0, end=0.0, step=1.0).shape == (0,)


@pytest.mark.parametrize(
    ("shape", "axis", "expected"),
    [
        ((3,), -1, (1, 3)),
        ((3,), 1, (3, 1)),
        ((4, 3), -1, (4, 3)),
        ((2, 3, 2), -1, (6, 2)),
        ((5, 5, 2), 1, (5, 10)),
    ],
)
def test_flatten2d(shape, axis, expected):
    """The documentation's examples of flatten2d."""
    kind = TensorType(dtype="fp32", shape=expected)
    assert evaluated("flatten2d", x=np.zeros(shape, np.float32), axis=axis, outputs=(kind,)).shape == expected
