"""Casts cut towards zero, and refuse what has no documented result."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.types import TensorType
from tests.runtimes.mil_reference.support import BOOL, FLOAT, HALF, INT, evaluated


def test_casts():
    """Floats are cut, anything but 0 is true, half precision rounds."""
    np.testing.assert_array_equal(evaluated("cast", x=[-1.9, 1.9], dtype="int32", outputs=(INT,)), [-1, 1])
    np.testing.assert_array_equal(
        evaluated("cast", x=[0.0, 0.1], dtype="bool", outputs=(BOOL,)), [False, True]
    )
    np.testing.assert_array_equal(evaluated("cast", x=np.array([True]), dtype="fp32", outputs=(FLOAT,)), [1])
    assert evaluated("cast", x=[2049.0], dtype="fp16", outputs=(HALF,))[0] == 2048
    kind = TensorType(dtype="uint8", shape=None)
    np.testing.assert_array_equal(evaluated("cast", x=[255.9, 0.0], dtype="uint8", outputs=(kind,)), [255, 0])


def test_numbers_that_do_not_fit_are_refused():
    """Numbers that the type cannot hold are refused, NaN too; so are types of later opsets."""
    kind = TensorType(dtype="uint8", shape=None)
    with pytest.raises(UnsupportedOperatorError, match="values from -1 to 256 as uint8"):
        evaluated("cast", x=[-1.0, 256.0], dtype="uint8", outputs=(kind,))
    with pytest.raises(UnsupportedOperatorError, match="no result is documented"):
        evaluated("cast", x=[np.nan], dtype="int32", outputs=(INT,))
    with pytest.raises(UnsupportedOperatorError, match="dtype 'uint8'"):
        evaluated("cast", x=[1.0], dtype="uint8", outputs=(kind,), opset=16)
