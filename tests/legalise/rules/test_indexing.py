"""One-hot vectors, triangles and running sums."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, check_node_file, node_graph, noise


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("runtime", [(0,), (0, 2)])
@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_one_hot(axis, runtime, dtype):
    """Negative and outlying indices, values constant or not."""
    operands = [np.array([0, 2, -1, 5, -7], dtype), dtype(4), np.float32([0.5, 3])]
    check_node_file("OneHot", operands, runtime=runtime, axis=axis)


def test_one_hot_of_fractions():
    """Indices in floats: fractions and what is outside match nothing, negative ones count from the end."""
    indices = np.float32([[-2.625, 9, -1], [-10.5, 0, 12]])
    check_node("OneHot", [indices, np.float32(10), np.float32([1, 3])], axis=1)


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
    check_node_file("Hardmax", [np.float32([[1, 3, 3], [2, 0, 2], [2, 3, 1]])], axis=axis)


@pytest.mark.parametrize("upper", [0, 1])
@pytest.mark.parametrize("k", [None, -1, 0, 2])
def test_trilu(upper, k):
    """Both triangles of a batch that is not square."""
    check_node_file("Trilu", [noise(2, 3, 4), None if k is None else np.int64(k)], upper=upper)


@pytest.mark.parametrize(("exclusive", "reverse"), [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_cum_sum(exclusive, reverse):
    """A negative axis is counted from the front."""
    ops = check_node("CumSum", [noise(2, 4), np.int64(-1)], exclusive=exclusive, reverse=reverse)
    assert ops == ["CumSum"]
