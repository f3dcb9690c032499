"""The largest and smallest, and where they are, of every element type."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.rules.test_gather import values
from tests.legalise.support import check_node_file, node_graph, noise

TYPES = ["float32", "float64", "int8", "uint8", "int16", "int32", "int64", "uint32", "uint64"]


def extreme_values(shape, dtype):
    """Values over the whole range, the ends of it among them, and equal ones."""
    x = values(shape, dtype)
    if x.dtype.kind != "f":
        x[0, :2] = np.iinfo(x.dtype).min, np.iinfo(x.dtype).max
    x[1, 1::2] = x[1, 0]
    return x


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [0, -1])
def test_top_k(dtype, largest, axis):
    """Values and positions; of equals the first."""
    x = extreme_values((5, 6), dtype)
    check_node_file("TopK", [x, np.array([3])], outputs=("v", "i"), axis=axis, largest=largest)


def test_k_at_run_time_is_refused():
    """How many there are is a shape."""
    from mobilekit.source.graph import graph_from_proto

    graph, _ = node_graph("TopK", [noise(3, 7), np.array([2])], outputs=("v", "i"))
    model = graph.proto()
    model.graph.initializer.pop()
    value = model.graph.input.add(name="i1")
    value.type.tensor_type.elem_type = 7
    value.type.tensor_type.shape.dim.add(dim_value=1)
    with pytest.raises(UnsupportedOperatorError, match="K computed at run time"):
        legalise(graph_from_proto(model, stage="normalised"), samples=[])


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int16", "int32", "int64", "uint64"])
@pytest.mark.parametrize("operator", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("last", [0, 1])
def test_arg(dtype, operator, last):
    """The first or the last of equals, with and without the axis."""
    x = extreme_values((5, 6), dtype)
    check_node_file(operator, [x], axis=1, select_last_index=last)
    check_node_file(operator, [x], axis=-2, keepdims=0, select_last_index=last)
