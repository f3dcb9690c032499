"""Decompression, by the documentation's examples."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.types import TensorType
from tests.runtimes.mil_reference.support import FLOAT, HALF, evaluated

BYTES = TensorType(dtype="uint8", shape=None)


def test_affine_dequantize():
    """One scale, and one per column; the difference does not wrap around."""
    data = np.asarray([[0, 10], [255, 3]], np.uint8)
    one = {"quantized_data": data, "scale": 0.5, "zero_point": np.uint8(10), "axis": 0}
    np.testing.assert_allclose(evaluated("constexpr_affine_dequantize", **one), [[-5, 0], [122.5, -3.5]])
    each = {"scale": [1.0, 2.0], "zero_point": np.asarray([0, 3], np.uint8), "axis": -1}
    found = evaluated("constexpr_affine_dequantize", quantized_data=data, **each)
    np.testing.assert_allclose(found, [[0, 14], [255, 0]])


def test_lut_to_dense():
    """Two bits an index from the least significant on: 0, 3, 2, 1 | 3."""
    packed = np.asarray([0b01101100, 0b00000011], np.uint8)
    common = {"indices": packed, "shape": np.asarray([5], np.uint32)}
    found = evaluated("constexpr_lut_to_dense", lut=[10.0, 11.0, 12.0, 13.0], opset=16, **common)
    np.testing.assert_array_equal(found, [10, 13, 12, 11, 13])


def test_indices_across_bytes():
    """Six bits each: 1, 62 and 33 take three bytes with their first bits first."""
    stream = sum(value << (6 * i) for i, value in enumerate([1, 62, 33, 7]))
    packed = np.frombuffer(stream.to_bytes(3, "little"), np.uint8)
    lut = np.arange(64, dtype=np.uint8)
    shape = np.asarray([2, 2], np.uint32)
    found = evaluated(
        "constexpr_lut_to_dense", indices=packed, lut=lut, shape=shape, outputs=(BYTES,), opset=16
    )
    np.testing.assert_array_equal(found, [[1, 62], [33, 7]])


def test_sparse_to_dense():
    """Bits 2 and 3 of five."""
    common = {"mask": np.asarray([0b01100], np.uint8), "shape": np.asarray([5], np.uint32)}
    found = evaluated("constexpr_sparse_to_dense", nonzero_data=[7.0, 8.0], opset=16, **common)
    np.testing.assert_array_equal(found, [0, 0, 7, 8, 0])


def test_cast():
    """fp16 to fp32 alone."""
    half = np.asarray([0.1], np.float16)
    found = evaluated("constexpr_cast", source_val=half, output_dtype="fp32", outputs=(FLOAT,))
    np.testing.assert_array_equal(found, half.astype(np.float32))
    with pytest.raises(UnsupportedOperatorError, match="output_dtype 'fp16'"):
        evaluated("constexpr_cast", source_val=half, output_dtype="fp16", outputs=(HALF,))
