"""Slices as NumPy reads them."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.runtimes.mil_reference.support import evaluated

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def mask(*flags):
    return np.array(flags, bool)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"begin": [0, 1, 1], "end": [2, 3, 3]}, X[0:2, 1:3, 1:3]),
        ({"begin": [0, 0, 1], "end": [1, 3, -1], "stride": [1, 2, 2]}, X[0:1, 0:3:2, 1:-1:2]),
        ({"begin": [0, 2, -1], "end": [1, 0, -4], "stride": [1, -1, -2]}, X[0:1, 2:0:-1, -1:-4:-2]),
        (
            {"begin": [1, 1, 1], "end": [1, 1, 1], "begin_mask": mask(1, 1, 0), "end_mask": mask(1, 0, 1)},
            X[:, :1, 1:],
        ),
        ({"begin": [1, 0, 0], "end": [0, 3, 4], "squeeze_mask": mask(1, 0, 0)}, X[1]),
        ({"begin": [1, 2, 3], "end": [0, 0, 0], "squeeze_mask": mask(1, 1, 1)}, X[1, 2, 3]),
    ],
)
def test_slice_by_index(parameters, expected):
    """Slices by index, with strides, masks and squeezing."""
    np.testing.assert_array_equal(evaluated("slice_by_index", x=X, **parameters), expected)


def test_slice_by_size():
    """Slices by size; −1 takes the rest; more than there is is refused."""
    found = evaluated("slice_by_size", x=X, begin=[0, 1, -2], size=[1, -1, 2])
    np.testing.assert_array_equal(found, X[0:1, 1:, 2:4])
    with pytest.raises(UnsupportedOperatorError, match="3 elements from 2 on of 4"):
        evaluated("slice_by_size", x=X, begin=[0, 0, 2], size=[1, 1, 3])


def test_slice_update():
    """An update replaces a slice of its own shape, and leaves the input alone."""
    update = -np.ones((2, 1, 2), np.float32)
    expected = X.copy()
    expected[:, 1:2, 0:4:2] = -1
    common = {"begin": [0, 1, 0], "end": [2, 2, 4], "stride": [1, 1, 2], "opset": 18}
    np.testing.assert_array_equal(evaluated("slice_update", x=X, update=update, **common), expected)
    assert X[0, 1, 0] == 4
    with pytest.raises(UnsupportedOperatorError, match=r"update of shape \[1\] for a part"):
        evaluated("slice_update", x=X, update=np.ones(1, np.float32), **common)
