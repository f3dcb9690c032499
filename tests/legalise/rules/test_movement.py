"""Data moves unchanged, whatever its type and rank."""

import numpy as np
import pytest

from tests.legalise.rules.test_gather import values
from tests.legalise.support import check_node_file

TYPES = [
    *("float32", "float16", "float64", "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32"),
    *("int64", "uint64"),
]
SHAPE = (2, 3, 2, 3, 2, 2, 2)


@pytest.mark.parametrize("dtype", TYPES)
def test_every_type(dtype):
    """Joined, cut, turned, repeated and rearranged."""
    x, y = values((2, 4, 6), dtype), values((2, 4, 6), dtype, seed=1)
    check_node_file("Concat", [x, y], runtime=(0, 1), axis=1)
    check_node_file("Transpose", [x], perm=(2, 0, 1))
    check_node_file("Slice", [x, np.array([5, 1]), np.array([-9, 4]), np.array([2, 1]), np.array([-2, 1])])
    check_node_file("Split", [x, np.array([1, 2, 3])], axis=2, outputs=("a", "b", "c"))
    check_node_file("Tile", [x, np.array([1, 2, 3])])
    check_node_file("Expand", [x[:, :1], np.array([2, 4, 6])])
    image = values((1, 4, 4, 6), dtype)
    check_node_file("DepthToSpace", [image], blocksize=2)
    check_node_file("DepthToSpace", [image], blocksize=2, mode="CRD")
    check_node_file("SpaceToDepth", [image], blocksize=2)


@pytest.mark.parametrize("dtype", [t for t in TYPES if t != "uint16"])
def test_pads_of_every_type(dtype):
    """Zeros and other values. ONNX Runtime itself does not pad uint16."""
    x = values((2, 3, 4), dtype)
    pads = np.array([1, 0, 2, 0, 1, 0])
    if dtype != "int16":
        check_node_file("Pad", [x, pads])
        check_node_file("Pad", [x, pads, values((), dtype, seed=5)])


@pytest.mark.parametrize("rank", [5, 6, 7])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_many_axes(rank, dtype):
    """Five, six and seven axes."""
    shape = SHAPE[:rank]
    x = values(shape, dtype)
    check_node_file("Concat", [x, x], runtime=(0, 1), axis=3)
    check_node_file("Transpose", [x], perm=np.random.default_rng(rank).permutation(rank).tolist())
    check_node_file("Split", [x, np.array([1, 2])], axis=1, outputs=("a", "b"))
    check_node_file("Pad", [x, np.array([0, 1, *[0] * (rank - 2), *[0] * (rank - 1), 2])])
    check_node_file("Tile", [x, np.array([1, 2] * (rank // 2) + [1] * (rank % 2))])
    check_node_file("Expand", [x[:, :1, :, :1], np.array(shape)])
    check_node_file("Slice", [x, np.array([2]), np.array([-9]), np.array([1]), np.array([-1])])
    check_node_file("Gather", [x, np.array([2, -1, 0])], axis=3)
