"""Gathers, one-hot vectors, triangles and the largest values."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check, check_node, node_graph, noise

INDICES = np.array([[0, -1], [2, -3]], np.int64)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", [np.int64, np.int32])
@pytest.mark.parametrize("runtime", [(0,), (0, 1), (1,)])
def test_gather(axis, dtype, runtime):
    """Negative indices, constant or not, along any axis."""
    check_node("Gather", [noise(3, 4), INDICES.astype(dtype)], runtime=runtime, axis=axis)


def test_gather_of_constants_that_are_legal_stays():
    """Non-negative constant indices need nothing."""
    assert check_node("Gather", [noise(3, 4), np.array([2, 0])], axis=0) == ["Gather"]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gather_elements(axis):
    """Constant indices become the coordinates of a GatherND."""
    operands = [noise(3, 3), np.array([[0, -1, 1], [2, -3, 0]])]
    assert check_node("GatherElements", operands, axis=axis) == ["GatherND"]


def test_runtime_gather_elements_is_refused():
    """Indices computed at run time have no exact form."""
    graph, _ = node_graph("GatherElements", [noise(3, 3), INDICES], runtime=(0, 1))
    with pytest.raises(UnsupportedOperatorError, match="GatherElements"):
        legalise(graph, samples=[])


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("reduction", ["none", "add", "max"])
def test_scatter_elements(axis, reduction):
    """Constant indices become the coordinates of a ScatterND."""
    indices = np.array([[0, -1, 1], [2, 1, 0]] if axis else [[0, -1, 1], [1, 0, 2]])
    operands = [noise(3, 3), indices, noise(2, 3, seed=1)]
    ops = check_node("ScatterElements", operands, runtime=(0, 2), axis=axis, reduction=reduction)
    assert ops == ["ScatterND"]


def test_cells_written_twice_are_refused():
    """Which value stays is not told."""
    operands = [noise(3), np.array([1, -2]), noise(2)]
    graph, _ = node_graph("ScatterElements", operands, runtime=(0, 2))
    with pytest.raises(UnsupportedOperatorError, match="twice"):
        legalise(graph, samples=[])


@pytest.mark.parametrize("batch", [0, 1])
def test_gather_nd(batch):
    """Negative constant coordinates."""
    indices = np.array([[[-1, 0]], [[0, -2]]])
    graph, feed = node_graph("GatherND", [noise(2, 3, 4), indices], batch_dims=batch)
    assert check(graph, feed) == ["GatherND"]
    assert all(
        a.name != "batch_dims" for a in legalise(graph, samples=[]).graph.proto().graph.node[0].attribute
    )


def test_runtime_gather_nd():
    """Coordinates at run time stay; with batch axes they are refused."""
    indices = np.array([[[1, 0]], [[0, 2]]])
    assert check_node("GatherND", [noise(2, 3, 4), indices], runtime=(0, 1)) == ["GatherND"]
    graph, _ = node_graph("GatherND", [noise(2, 3, 4), indices], runtime=(0, 1), batch_dims=1)
    with pytest.raises(UnsupportedOperatorError, match="batch_dims=1"):
        legalise(graph, samples=[])


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("runtime", [(0,), (0, 2)])
@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_one_hot(axis, runtime, dtype):
    """Negative and outlying indices, values constant or not."""
    operands = [np.array([0, 2, -1, 5, -7], dtype), dtype(4), np.float32([0.5, 3])]
    check_node("OneHot", operands, runtime=runtime, axis=axis)


def test_one_hot_of_runtime_depth_is_refused():
    """The depth is a shape."""
    graph, _ = node_graph("OneHot", [np.array([0, 2]), np.int64([4]), np.float32([0, 1])])
    model = graph.proto()
    tensor = next(t for t in model.graph.initializer if t.name == "i1")
    model.graph.initializer.remove(tensor)
    value = model.graph.input.add(name="i1")
    value.type.tensor_type.elem_type = 7
    value.type.tensor_type.shape.dim.add(dim_value=1)
    from mobilekit.source.graph import graph_from_proto

    with pytest.raises(UnsupportedOperatorError, match="depth"):
        legalise(graph_from_proto(model, stage="normalised"), samples=[])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_hardmax(axis):
    """The first of equal maxima."""
    check_node("Hardmax", [np.float32([[1, 3, 3], [2, 0, 2], [2, 3, 1]])], axis=axis)


@pytest.mark.parametrize("upper", [0, 1])
@pytest.mark.parametrize("k", [None, -1, 0, 2])
def test_trilu(upper, k):
    """Both triangles of a batch that is not square."""
    check_node("Trilu", [noise(2, 3, 4), None if k is None else np.int64(k)], upper=upper)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_top_k(axis, largest, dtype):
    """Largest and smallest, along any axis, the lowest integer among them."""
    x = (noise(5, 6) * 100).astype(dtype)
    if dtype == np.int32:
        x[0, 0] = np.iinfo(np.int32).min
    graph, feed = node_graph("TopK", [x, np.array([3])], outputs=("v", "i"), axis=axis, largest=largest)
    check(graph, feed)


@pytest.mark.parametrize(("exclusive", "reverse"), [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_cum_sum(exclusive, reverse):
    """A negative axis is counted from the front."""
    ops = check_node("CumSum", [noise(2, 4), np.int64(-1)], exclusive=exclusive, reverse=reverse)
    assert ops == ["CumSum"]
