"""Scattering, by hand."""

import numpy as np
import pytest

from mobilekit.errors import UnsoundArtifactError, UnsupportedOperatorError
from tests.runtimes.mil_reference.support import INT, evaluated

DATA = np.asarray([[1, 2, 3], [4, 5, 6]], np.float32)
ROWS = np.asarray([[5, 6, 7], [8, 9, 10]], np.float32)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("add", [[9, 11, 13], [9, 11, 13]]),
        ("update", [[8, 9, 10], [5, 6, 7]]),
        ("sub", [[-7, -7, -7], [-1, -1, -1]]),
        ("mul", [[8, 18, 30], [20, 30, 42]]),
        ("div", [[1 / 8, 2 / 9, 0.3], [0.8, 5 / 6, 6 / 7]]),
        ("max", [[8, 9, 10], [5, 6, 7]]),
        ("min", [[1, 2, 3], [4, 5, 6]]),
    ],
)
def test_scatter(mode, expected):
    """The documentation's example, in every mode."""
    found = evaluated("scatter", data=DATA, indices=[1, 0], updates=ROWS, mode=mode)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert DATA[0, 0] == 1


def test_twice_at_one_place():
    """Both are added; the later one is what an update leaves."""
    common = {"data": np.zeros(2, np.float32), "indices": [1, 1], "updates": [3.0, 4.0]}
    np.testing.assert_array_equal(evaluated("scatter", **common), [0, 7])
    np.testing.assert_array_equal(evaluated("scatter", mode="update", **common), [0, 4])


def test_scatter_along_axis():
    """Element by element, along the last axis."""
    indices = np.asarray([[0, 0], [2, 1]], np.int32)
    found = evaluated(
        "scatter_along_axis", data=DATA, indices=indices, updates=[[10, 20], [30.0, 40]], axis=1
    )
    np.testing.assert_array_equal(found, [[31, 2, 3], [4, 45, 36]])


def test_scatter_nd():
    """At tuples of all axes, and of the first alone."""
    found = evaluated("scatter_nd", data=DATA, indices=[[0, 1], [1, 2]], updates=[10.0, 20.0])
    np.testing.assert_array_equal(found, [[1, 12, 3], [4, 5, 26]])
    row = evaluated("scatter_nd", data=DATA, indices=[[1]], updates=[[0.0, 0, 0]], mode="update")
    np.testing.assert_array_equal(row, [[1, 2, 3], [0, 0, 0]])


def test_integers_divide_towards_zero():
    """-7 / 2 is -3."""
    found = evaluated("scatter", data=[-7, 7], indices=[0, 1], updates=[2, 2], mode="div", outputs=(INT,))
    np.testing.assert_array_equal(found, [-3, 3])


def test_refused():
    """An unknown mode, and an index out of bounds."""
    with pytest.raises(UnsupportedOperatorError, match="mode 'xor'"):
        evaluated("scatter", data=DATA, indices=[0], updates=ROWS[:1], mode="xor")
    with pytest.raises(UnsoundArtifactError, match="index 2 is out of bounds"):
        evaluated("scatter", data=DATA, indices=[2], updates=ROWS[:1], validate_indices=False)
