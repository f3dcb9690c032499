"""Reshapes, orders, pieces, pads and repetition, of floats, integers and truth values."""

import numpy as np
import pytest

from tests.convert.coreml.support import graph_of, refusal
from tests.legalise.mil import check_mil, check_node_mil
from tests.legalise.support import noise, text_graph

TYPES = [np.float32, np.int32, np.int64, np.bool_]


def _some(dtype, *shape):
    return (np.random.default_rng(0).integers(-3, 4, shape) * 2).astype(dtype)


@pytest.mark.parametrize("dtype", TYPES)
def test_moves(dtype):
    """Nothing computes, so every type goes through."""
    x = _some(dtype, 2, 3, 4)
    check_node_mil("Reshape", [x, np.array([4, -1])])
    check_node_mil("Transpose", [x], perm=[2, 0, 1])
    check_node_mil("Concat", [x, x[:, :1]], runtime=(0, 1), axis=1)
    check_node_mil("Split", [x, np.array([1, 3])], outputs=("y", "z"), axis=2)
    check_node_mil("Expand", [x[:, :1], np.array([5, 1, 3, 1])])
    check_node_mil("Tile", [x, np.array([2, 1, 3])])
    check_node_mil("Gather", [x, np.array([[-1, 0], [2, 2]])], axis=1)


@pytest.mark.parametrize(
    ("start", "end", "step"),
    [(1, 5, 1), (0, 8, 3), (-3, 100, 2), (7, 0, -2), (5, -100, -1), (-1, -9, -3), (3, 1, -1)],
)
def test_slices(start, end, step):
    """Forwards and backwards, to the very first cell and short of it."""
    operands = [noise(2, 8), np.array([start]), np.array([end]), np.array([1]), np.array([step])]
    assert check_node_mil("Slice", operands) == {"slice_by_index": 1}


def test_scalars():
    """Axes taken away to none, and given to it."""
    check_node_mil("Squeeze", [noise(1, 1)])
    check_node_mil("Unsqueeze", [np.float32(3), np.array([0, 1])])


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
def test_pads_are_one_operator(mode):
    """Around the last two axes."""
    found = check_node_mil("Pad", [noise(1, 2, 4, 5), np.array([0, 0, 1, 2, 0, 0, 3, 0])], mode=mode)
    assert found == {"pad": 1}


def test_other_pads():
    """Wrapped, cut, of channels mirrored, of a number of one's own, and of integers."""
    x, pads = noise(1, 2, 4, 5), np.array([0, 0, 1, 2, 0, 0, 1, 0])
    assert "pad" not in check_node_mil("Pad", [x, pads], mode="wrap")
    assert check_node_mil("Pad", [x, np.array([0, 1, -1, 0, 0, 1, 0, 1]), np.float32(2.5)])["pad"] == 1
    assert "pad" not in check_node_mil("Pad", [x, np.array([0, 1, 0, 0, 0, 1, 0, 0])], mode="reflect")
    for dtype in (np.int32, np.int64, np.bool_):
        found = check_node_mil("Pad", [_some(dtype, 2, 3), np.array([1, 0, 0, 2]), np.ones((), dtype)])
        assert "pad" not in found


def test_more_axes_than_mil_has():
    """Of a vector, folded, or moved one by one."""
    x = noise(2, 3, 2, 2, 3, 2)
    check_node_mil("Relu", [x])
    check_node_mil("Add", [x, noise(2, 3, 1, 1, 1, 1, seed=1)], runtime=(0, 1))
    check_node_mil("Transpose", [x], perm=[5, 0, 3, 1, 4, 2])
    check_node_mil("Concat", [x, x], runtime=(0, 1), axis=3)
    check_node_mil("ReduceSum", [x, np.array([1, 4])])
    check_node_mil("Softmax", [x], axis=2)
    check_node_mil("Slice", [x, np.array([1]), np.array([2]), np.array([4]), np.array([1])])


def test_a_reshape_of_a_reshape_is_one():
    """Values in between are gone."""
    constants = {"a": np.array([6, 2, 2]), "b": np.array([2, 12])}
    graph = text_graph("g (float[2,3,4] x) => (float y) { p = Reshape (x, a) y = Reshape (p, b) }", constants)
    assert check_mil(graph, {"x": noise(2, 3, 4)}) == {"reshape": 1}


def test_what_was_not_legalised_is_refused(tmp_path):
    """A wrapping pad, and a split without sizes."""
    text = 'g (float[1,4] x) => (float[1,6] y) <int64[4] p = {0,1,0,1}> { y = Pad <mode="wrap"> (x, p) }'
    assert "wrap" in refusal(graph_of(text), tmp_path)
    text = "g (float[1,4] x) => (float[1,2] y, float[1,2] z) { y, z = Split <axis=1, num_outputs=2> (x) }"
    assert "sizes" in refusal(graph_of(text), tmp_path)
