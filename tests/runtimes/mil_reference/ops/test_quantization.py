"""Quantising and back, by hand."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.types import TensorType
from tests.runtimes.mil_reference.support import evaluated

SIGNED, UNSIGNED = TensorType(dtype="int8", shape=None), TensorType(dtype="uint8", shape=None)


def test_quantize():
    """Halves to even, then the zero point, then the limits."""
    x = np.asarray([0.5, 1.5, -300, 300], np.float32)
    found = evaluated(
        "quantize", input=x, scale=1.0, zero_point=np.int8(3), output_dtype="int8", outputs=(SIGNED,)
    )
    np.testing.assert_array_equal(found, [3, 5, -128, 127])
    bytes_ = evaluated("quantize", input=x, scale=1.0, output_dtype="uint8", outputs=(UNSIGNED,))
    np.testing.assert_array_equal(bytes_, [0, 2, 0, 255])


def test_axis():
    """A scale and a zero point per column, there and back; no zero point is 0."""
    x = np.asarray([[2, 4], [4, 8]], np.float32)
    each = {"scale": [1.0, 4.0], "axis": -1}
    zero = np.asarray([2, 4], np.int8)
    found = evaluated("quantize", input=x, zero_point=zero, output_dtype="int8", outputs=(SIGNED,), **each)
    np.testing.assert_array_equal(found, [[4, 5], [6, 6]])
    np.testing.assert_array_equal(evaluated("dequantize", input=found, zero_point=zero, **each), x)
    np.testing.assert_array_equal(evaluated("dequantize", input=found, **each), [[4, 20], [6, 24]])


def test_differences_do_not_wrap():
    """0 less 255 of unsigned bytes is -255."""
    found = evaluated("dequantize", input=np.zeros(1, np.uint8), zero_point=np.uint8(255), scale=2.0)
    np.testing.assert_array_equal(found, [-510])


def test_other_types():
    """There is no quantising to int16."""
    with pytest.raises(UnsupportedOperatorError, match="output_dtype 'int16'"):
        evaluated("quantize", input=[1.0], scale=1.0, output_dtype="int16", outputs=(SIGNED,))
