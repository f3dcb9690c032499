"""Order, with equal elements and both ways."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.types import TensorType
from tests.runtimes.mil_reference.support import FLOAT, INT, evaluated

X = np.array([[3, 1, 3, 2], [0, 9, 0, 9]], np.float32)
YES, NO = np.array(True), np.array(False)


def test_argsort():
    """The largest first by default, of equal elements the first."""
    np.testing.assert_array_equal(evaluated("argsort", x=X, outputs=(INT,)), [[0, 2, 3, 1], [1, 3, 0, 2]])
    np.testing.assert_array_equal(
        evaluated("argsort", x=X, ascending=YES, outputs=(INT,)), [[1, 3, 0, 2], [0, 2, 1, 3]]
    )
    np.testing.assert_array_equal(
        evaluated("argsort", x=X, axis=0, outputs=(INT,)), [[0, 1, 0, 1], [1, 0, 1, 0]]
    )


def test_topk():
    """Values and indices of the k largest or smallest; −1 takes all."""
    values, indices = evaluated("topk", x=X, k=2, outputs=(FLOAT, INT))
    np.testing.assert_array_equal(values, [[3, 3], [9, 9]])
    np.testing.assert_array_equal(indices, [[0, 2], [1, 3]])
    smallest, _ = evaluated("topk", x=X, k=1, axis=1, ascending=YES, outputs=(FLOAT, INT))
    np.testing.assert_array_equal(smallest, [[1], [0]])
    assert evaluated("topk", x=X, k=-1, return_indices=NO, sort=NO).shape == (2, 4)
    short = TensorType(dtype="uint16", shape=None)
    _, indices = evaluated("topk", x=X, k=1, output_indices_dtype="uint16", outputs=(FLOAT, short))
    assert indices.dtype == np.uint16


def test_another_type_of_indices_is_refused():
    """Another type of indices is refused."""
    with pytest.raises(UnsupportedOperatorError, match="output_indices_dtype 'int8'"):
        evaluated("topk", x=X, output_indices_dtype="int8", outputs=(FLOAT, INT))
