"""Split into parts of any sizes, used or not."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from mobilekit.source.graph import graph_from_proto
from tests.legalise.support import check_node_file, node_graph, noise


@pytest.mark.parametrize("axis", [1, -1])
def test_unequal_parts(axis):
    """The sizes are an operand."""
    operands = [noise(2, 6, 6), np.array([1, 3, 2])]
    assert check_node_file("Split", operands, outputs=("a", "b", "c"), axis=axis) == ["Split"]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_smaller_last_part(count):
    """num_outputs that does not divide the axis leaves less for the last."""
    outputs = ("a", "b", "c", "d")[:count]
    check_node_file("Split", [noise(2, 10)], outputs=outputs, axis=1, num_outputs=count)


def test_parts_that_are_not_used():
    """Only what is used is cut out; ONNX Runtime wants all outputs named, so it is compared piecewise."""
    x = noise(2, 6)
    graph, _ = node_graph("Split", [x, np.array([1, 3, 2])], outputs=("a", "", "c"), axis=1)
    ops = [node.op_type for node in legalise(graph, samples=[]).graph.proto().graph.node]
    assert ops == ["Slice", "Slice"]


def test_an_empty_part():
    """A part of size zero is known; the others are cut out."""
    check_node_file("Split", [noise(2, 6), np.array([4, 0, 2])], outputs=("a", "b", "c"), axis=1)


def test_one_part():
    """All of it, and nothing before or after."""
    assert check_node_file("Split", [noise(2, 6), np.array([6])], outputs=("a",), axis=1) == ["Reshape"]


def test_sizes_at_run_time_are_refused():
    """The sizes are shapes."""
    graph, _ = node_graph("Split", [noise(2, 6), np.array([4, 2])], outputs=("a", "b"), axis=1)
    model = graph.proto()
    model.graph.initializer.pop()
    value = model.graph.input.add(name="i1")
    value.type.tensor_type.elem_type = 7
    value.type.tensor_type.shape.dim.add(dim_value=2)
    with pytest.raises(UnsupportedOperatorError, match="split computed at run time"):
        legalise(graph_from_proto(model, stage="normalised"), samples=[])
