"""Decompression by blocks, by the documentation's examples."""

import numpy as np

from mobilekit.runtimes.mil_reference.types import TensorType
from tests.runtimes.mil_reference.support import FLOAT, evaluated

BITS = TensorType(dtype="uint1", shape=None)
MASK = np.asarray([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]], np.uint8)


def test_blockwise_shift_scale():
    """Blocks of one row by two columns."""
    data = np.asarray([[1, 2, 3, 4], [-8, 7, 0, 1]], np.int8)
    scale = np.asarray([[1, 2], [10, 100]], np.float32)
    found = evaluated("constexpr_blockwise_shift_scale", data=data, scale=scale, opset=18)
    np.testing.assert_array_equal(found, [[1, 2, 6, 8], [-80, 70, 0, 100]])
    offset = np.asarray([[1, 0], [-8, 1]], np.int8)
    moved = evaluated("constexpr_blockwise_shift_scale", data=data, scale=scale, offset=offset, opset=18)
    np.testing.assert_array_equal(moved, [[0, 1, 6, 8], [0, 150, -100, 0]])


def test_lut_by_groups():
    """Two tables over six rows (case 1)."""
    indices = np.asarray([2, 3, 3, 0, 1, 0, 3, 0, 2, 1, 0, 3], np.uint8).reshape(6, 2)
    lut = np.asarray([1, 5, 9, 13, 2, 10, 18, 26], np.float32).reshape(2, 1, 4, 1)
    found = evaluated("constexpr_lut_to_dense", indices=indices, lut=lut, opset=18)
    np.testing.assert_array_equal(found, [[9, 13], [13, 1], [5, 1], [26, 2], [18, 10], [2, 26]])


def test_lut_of_vectors():
    """Three elements an index, along the second axis and along the last (cases 2.1 and 2.2)."""
    indices = np.asarray([[[0, 0], [1, 0]], [[1, 1], [0, 0]]], np.uint8)
    lut = np.asarray([1, 2, 3, 7, 8, 9], np.float32).reshape(1, 1, 1, 2, 3)
    common = {"indices": indices, "lut": lut, "opset": 18}
    second = evaluated("constexpr_lut_to_dense", vector_axis=1, **common)
    np.testing.assert_array_equal(second[0], [[1, 1], [2, 2], [3, 3], [7, 1], [8, 2], [9, 3]])
    last = evaluated("constexpr_lut_to_dense", vector_axis=-1, **common)
    np.testing.assert_array_equal(last[0], [[1, 2, 3, 1, 2, 3], [7, 8, 9, 1, 2, 3]])


def test_sparse_shift_scale_and_dense():
    """Per column, of the elements under the mask only; then spread out."""
    elements = np.asarray([10, 11, 3, 4, 5, 6, 7, 8, 9], np.int8)
    scale, offset = np.asarray([[0.1, 0.2, 0.3, 0.4]], np.float32), np.asarray([[1, 2, 3, 4]], np.int8)
    mask, values = evaluated(
        "constexpr_sparse_blockwise_shift_scale",
        data_mask=MASK,
        nonzero_data=elements,
        scale=scale,
        offset=offset,
        outputs=(BITS, FLOAT),
        opset=18,
    )
    np.testing.assert_array_equal(mask, MASK)
    np.testing.assert_allclose(values, [0.9, 1.8, 0.2, 0.4, 0.6, 0.9, 1.2, 0.7, 1.4], rtol=1e-6)
    dense = evaluated("constexpr_sparse_to_dense", nonzero_data=values, mask=mask, opset=18)
    np.testing.assert_allclose(dense[1], [0.2, 0.4, 0.6, 0], rtol=1e-6)


def test_lut_to_sparse():
    """Vectors along the first axis widen the mask."""
    common = {
        "indices_mask": np.asarray([[1, 0], [1, 1]], np.uint8),
        "indices_nonzero_data": np.asarray([0, 1, 0], np.uint8),
        "outputs": (BITS, FLOAT),
        "opset": 18,
    }
    lut = np.asarray([2, 3], np.float32).reshape(1, 1, 2, 1)
    mask, values = evaluated("constexpr_lut_to_sparse", lut=lut, **common)
    np.testing.assert_array_equal(mask, [[1, 0], [1, 1]])
    np.testing.assert_array_equal(values, [2, 3, 2])
    lut = np.asarray([2, 20, 3, 30], np.float32).reshape(1, 1, 2, 2)
    mask, values = evaluated("constexpr_lut_to_sparse", lut=lut, vector_axis=0, **common)
    np.testing.assert_array_equal(mask, [[1, 0], [1, 0], [1, 1], [1, 1]])
    np.testing.assert_array_equal(values, [2, 20, 3, 2, 30, 20])
