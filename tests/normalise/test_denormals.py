"""Denormal weights become zero, the smallest normal ones stay."""

import numpy as np

from tests.normalise.support import constants_of, model, normalised


def test_only_denormals_are_flushed():
    """1e-41 goes, 2e-38 and zero stay as they are."""
    weights = np.array([1e-41, -1e-40, 2e-38, 0, 1, -3], np.float32)
    result = normalised(model("y = Mul (x, w)"), w=weights)
    (found,) = constants_of(result).values()
    np.testing.assert_array_equal(found, np.array([0, 0, 2e-38, 0, 1, -3], np.float32))
