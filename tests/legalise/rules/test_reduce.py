"""Reductions of every kind over every kind of axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.rules.reduce import COMPOUND, PLAIN
from tests.legalise.support import check_node, few, node_graph, noise


@pytest.mark.parametrize("op", [*PLAIN, *COMPOUND])
@given(axes=st.lists(st.integers(-3, 2), max_size=3, unique_by=lambda a: a % 3), keep=st.booleans())
@few
def test_any_reduction(op, axes, keep):
    """Axes in any order, from either end, or none."""
    operands = [np.abs(noise(2, 3, 4)) + 0.1, np.array(axes, np.int64)]
    check_node(op, operands, keepdims=int(keep))


@pytest.mark.parametrize("op", ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceL1", "ReduceSumSquare"])
def test_all_axes_by_default(op):
    """Without axes everything is reduced."""
    check_node(op, [noise(2, 3, 4)], keepdims=0)


@pytest.mark.parametrize("op", PLAIN)
def test_no_reduction_at_all(op):
    """noop_with_empty_axes copies the input."""
    assert check_node(op, [noise(2, 3)], noop_with_empty_axes=1) == ["Reshape"]


@pytest.mark.parametrize("op", ["ReduceMax", "ReduceMin"])
def test_booleans(op):
    """Any and all."""
    x = noise(3, 4) > 0.3
    check_node(op, [x, np.array([1], np.int64)], opset=20 + 1, keepdims=0)


def test_log_sum_exp_does_not_overflow():
    """Large values and minus infinity."""
    x = np.float32([[1000, 1001, -1000], [-np.inf, -np.inf, -np.inf], [-2000, -2001, -2002]])
    check_node("ReduceLogSumExp", [x, np.array([1], np.int64)])


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize(("axis", "keep"), [(0, 1), (-1, 0), (1, 1)])
def test_arg(op, last, axis, keep):
    """The first or the last of equal values."""
    x = np.float32([[[2, 1, 2], [1, 2, 2]], [[2, 2, 1], [1, 1, 1]]])
    check_node(op, [x], axis=axis, keepdims=keep, select_last_index=last)


def test_runtime_axes_are_refused():
    """Axes computed at run time change shapes."""
    operands = [noise(2, 3), np.array([1], np.int64)]
    graph, _ = node_graph("ReduceSum", operands)
    model = graph.proto()
    axes = model.graph.initializer.pop()
    model.graph.input.append(type(model.graph.input[0])())
    model.graph.input[-1].name = axes.name
    model.graph.input[-1].type.tensor_type.elem_type = axes.data_type
    model.graph.input[-1].type.tensor_type.shape.dim.add(dim_value=1)
    from mobilekit.source.graph import graph_from_proto

    with pytest.raises(UnsupportedOperatorError, match="axes"):
        legalise(graph_from_proto(model, stage="normalised"), samples=[])
