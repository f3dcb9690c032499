"""Padding, by hand."""

import numpy as np
import pytest

from mobilekit.errors import UnsoundArtifactError, UnsupportedOperatorError
from tests.runtimes.mil_reference.support import evaluated

X = np.asarray([[1, 2, 3]], np.float32)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [[0, 1, 2, 3, 0, 0]]),
        ({"mode": "constant", "constant_val": -1.0}, [[-1, 1, 2, 3, -1, -1]]),
        ({"mode": "reflect"}, [[2, 1, 2, 3, 2, 1]]),
        ({"mode": "replicate"}, [[1, 1, 2, 3, 3, 3]]),
    ],
)
def test_pad(parameters, expected):
    """The last axis, one before and two after; the first stays."""
    np.testing.assert_array_equal(evaluated("pad", x=X, pad=[1, 2], **parameters), expected)


def test_all_axes():
    """Pairs belong to the last axes in order."""
    found = evaluated("pad", x=X, pad=[1, 0, 0, 1], mode="replicate")
    np.testing.assert_array_equal(found, [[1, 2, 3, 3], [1, 2, 3, 3]])


def test_refused():
    """Negative amounts, reflections of more than there is, modes that Core ML does not have."""
    with pytest.raises(UnsupportedOperatorError, match="must not be negative"):
        evaluated("pad", x=X, pad=[-1, 0])
    with pytest.raises(UnsoundArtifactError, match="reflection of 3 elements from an axis of 3"):
        evaluated("pad", x=X, pad=[3, 0], mode="reflect")
    with pytest.raises(UnsoundArtifactError, match="pad mode 'wrap'"):
        evaluated("pad", x=X, pad=[1, 0], mode="wrap")
