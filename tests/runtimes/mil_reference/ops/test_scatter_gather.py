"""Gathering, by hand."""

import numpy as np

from tests.runtimes.mil_reference.support import evaluated

X = np.asarray([[1, 2, 3], [4, 5, 6]], np.float32)


def test_gather():
    """By a vector, by one number, and row by row with batch_dims."""
    np.testing.assert_array_equal(evaluated("gather", x=X, indices=[2, 0], axis=1), [[3, 1], [6, 4]])
    np.testing.assert_array_equal(evaluated("gather", x=X, indices=1, axis=-2), [4, 5, 6])
    own = evaluated("gather", x=X, indices=np.asarray([[0, 0], [2, 1]], np.int32), axis=1, batch_dims=1)
    np.testing.assert_array_equal(own, [[1, 1], [6, 5]])


def test_gather_along_axis():
    """Element by element, with an axis shorter than the data's."""
    found = evaluated("gather_along_axis", x=X, indices=np.asarray([[1, 0, 1]], np.int32), axis=0)
    np.testing.assert_array_equal(found, [[4, 2, 6]])


def test_gather_nd():
    """Tuples of the first axes, or of those behind batch_dims."""
    np.testing.assert_array_equal(evaluated("gather_nd", x=X, indices=[[1, 2], [0, 0]]), [6, 1])
    np.testing.assert_array_equal(evaluated("gather_nd", x=X, indices=[[1]]), [[4, 5, 6]])
    np.testing.assert_array_equal(evaluated("gather_nd", x=X, indices=[[1], [2]], batch_dims=1), [2, 6])
