"""Negative indices by the opset, and indices out of bounds."""

import numpy as np
import pytest

from mobilekit.errors import UnsoundArtifactError
from tests.runtimes.mil_reference.support import INT, evaluated

X = np.arange(3, dtype=np.int32)


def test_negative_indices_count_from_the_end_up_to_ios16():
    """They do up to iOS16, and are out of bounds from iOS17 on."""
    np.testing.assert_array_equal(evaluated("gather", x=X, indices=[-1], outputs=(INT,), opset=16), [2])
    with pytest.raises(UnsoundArtifactError, match="index -1 is out of bounds for size 3 in opset iOS17"):
        evaluated("gather", x=X, indices=[-1], outputs=(INT,), opset=17)


@pytest.mark.parametrize("opset", [15, 18])
def test_out_of_bounds(opset):
    """Whatever the opset, nothing is made up."""
    with pytest.raises(UnsoundArtifactError, match="index 3 is out of bounds"):
        evaluated("gather", x=X, indices=[0, 3], outputs=(INT,), opset=opset)
