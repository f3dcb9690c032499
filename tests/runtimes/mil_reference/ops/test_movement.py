"""Concat, split, stack, tile: by Apple's examples."""

import numpy as np
import pytest

from mobilekit.errors import UnsoundArtifactError, UnsupportedOperatorError
from tests.runtimes.mil_reference.support import FLOAT, evaluated

FIRST = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
SECOND = FIRST + 6


def test_concat_plain_and_interleaved():
    """Concat plain and interleaved, as in the documentation's example."""
    plain = evaluated("concat", values=(FIRST, SECOND), axis=0)
    np.testing.assert_array_equal(plain[:, 0], [1, 3, 5, 7, 9, 11])
    mixed = evaluated("concat", values=(FIRST, SECOND), axis=0, interleave=np.array(True))
    np.testing.assert_array_equal(mixed, [[1, 2], [7, 8], [3, 4], [9, 10], [5, 6], [11, 12]])
    last = evaluated("concat", values=(FIRST, SECOND), axis=-1, interleave=np.array(True))
    np.testing.assert_array_equal(last[0], [1, 7, 2, 8])
    np.testing.assert_array_equal(evaluated("concat", values=(FIRST,), axis=0), FIRST)


def test_split_even_and_uneven():
    """Split into equal parts, or into given sizes, whose sum must be the axis."""
    x = np.arange(6, dtype=np.float32)
    even = evaluated("split", x=x, num_splits=3, axis=0, outputs=(FLOAT,) * 3)
    np.testing.assert_array_equal(np.concatenate(even), x)
    assert [len(p) for p in even] == [2, 2, 2]
    sizes = np.array([1, 5], np.int32)
    assert [len(p) for p in evaluated("split", x=x, split_sizes=sizes, axis=-1, outputs=(FLOAT,) * 2)] == [
        1,
        5,
    ]
    with pytest.raises(UnsupportedOperatorError, match="of 6 elements"):
        evaluated("split", x=x, split_sizes=np.array([1, 4], np.int32), axis=0, outputs=(FLOAT,) * 2)
    with pytest.raises(UnsoundArtifactError, match="equal division"):
        evaluated("split", x=x, num_splits=4, axis=0, outputs=(FLOAT,) * 4)


def test_stack_tile_identity():
    """Stack makes an axis, tile repeats, identity does nothing."""
    np.testing.assert_array_equal(evaluated("stack", values=(FIRST, SECOND), axis=1)[:, 1], SECOND)
    np.testing.assert_array_equal(
        evaluated("tile", x=FIRST, reps=np.array([1, 2], np.int32)), np.tile(FIRST, (1, 2))
    )
    np.testing.assert_array_equal(evaluated("identity", x=FIRST), FIRST)
