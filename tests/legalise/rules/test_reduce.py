"""Reductions of every kind over every kind of axes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.rules.reduce import COMPOUND, PLAIN
from mobilekit.runtimes.ort import open_graph
from tests.convert.tflite.nodes import litert
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


@pytest.mark.parametrize(
    ("op", "neutral"),
    [
        ("ReduceSum", 0), ("ReduceProd", 1), ("ReduceMax", -np.inf), ("ReduceMin", np.inf), ("ReduceL1", 0),
        ("ReduceL2", 0), ("ReduceSumSquare", 0), ("ReduceLogSum", -np.inf), ("ReduceLogSumExp", -np.inf),
    ],
)  # fmt: skip
def test_over_nothing(op, neutral):
    """An empty axis gives what changes nothing."""
    got = litert(op, [np.zeros((2, 0, 3), np.float32), np.array([1])])
    np.testing.assert_array_equal(got, np.full((2, 1, 3), neutral, np.float32))


def test_integer_extremes_over_nothing():
    """Integers have no infinity: their own ends."""
    empty = np.zeros((0, 2), np.int32)
    np.testing.assert_array_equal(litert("ReduceMax", [empty, np.array([0])]), np.full((1, 2), -(2**31)))
    np.testing.assert_array_equal(litert("ReduceMin", [empty, np.array([0])]), np.full((1, 2), 2**31 - 1))


def test_a_mean_of_nothing_is_refused():
    """There is no such number."""
    with pytest.raises(UnsupportedOperatorError, match=r"ReduceMean.*no elements to reduce"):
        litert("ReduceMean", [np.zeros((2, 0), np.float32), np.array([1])])


def test_integer_means_are_truncated():
    """Towards zero, and the sum wraps."""
    x = np.array([[-3, -4], [3, 4], [2**31 - 1, 3]], np.int32)
    check_node("ReduceMean", [x, np.array([1])])
    np.testing.assert_array_equal(litert("ReduceMean", [x, np.array([1])])[:2], [[-3], [3]])


def test_integer_roots_are_whole():
    """Just under, at and just over squares that a float cannot tell apart."""
    roots = np.array([1, 7, 4097, 46340], np.int64)
    total = np.concatenate([roots**2 - 1, roots**2, roots**2 + 1])
    x = np.stack([np.ones_like(total), np.zeros_like(total)], axis=1).astype(np.int32)
    np.testing.assert_array_equal(litert("ReduceL2", [x * 7, np.array([1])]), np.full((len(x), 1), 7))
    pairs = np.array([[20000, 41802], [46340, 1], [3, 4], [65, 72]], np.int32)
    wanted = [[math.isqrt(int(a) ** 2 + int(b) ** 2)] for a, b in pairs]
    np.testing.assert_array_equal(litert("ReduceL2", [pairs, np.array([1])]), wanted)


@pytest.mark.parametrize("op", ["ReduceLogSum", "ReduceLogSumExp"])
@pytest.mark.parametrize("noop", [0, 1])
def test_logarithms_of_integers_are_refused(op, noop):
    """What ONNX Runtime truncates in double precision is not guessed from floats."""
    x = np.array([[1, 2], [3, 4]], np.int32)
    if op == "ReduceLogSumExp" and noop:
        assert litert(op, [x], noop_with_empty_axes=1).tolist() == x.tolist()
        return
    with pytest.raises(UnsupportedOperatorError, match="a logarithm of int32"):
        litert(op, [x], noop_with_empty_axes=noop)


def test_roots_of_int64_are_refused():
    """A float does not find them."""
    with pytest.raises(UnsupportedOperatorError, match="a square root of int64"):
        litert("ReduceL2", [np.array([[3, 4]]), np.array([1])])


@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.int64, np.uint32, np.uint64])
def test_running_sums(dtype, exclusive, reverse):
    """Forwards, backwards, without the element itself, of every type."""
    x = np.arange(12).reshape(3, 4).astype(dtype)
    ahead = x[:, ::-1] if reverse else x
    wanted = np.cumsum(ahead, axis=1) - (ahead if exclusive else 0)
    wanted = wanted[:, ::-1] if reverse else wanted
    got = litert("CumSum", [x, np.array(1)], exclusive=exclusive, reverse=reverse)
    np.testing.assert_array_equal(got, wanted.astype(dtype))


@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("op", PLAIN)
def test_rank_seven(op, keep):
    """More axes than the runtime takes."""
    x = np.abs(noise(2, 1, 2, 2, 1, 2, 2))
    graph, feed = node_graph(op, [x, np.array([0, 3, 5])], keepdims=keep)
    with open_graph(graph) as session:
        wanted = session.run(feed)["y"]
    np.testing.assert_allclose(litert(op, [x, np.array([0, 3, 5])], keepdims=keep), wanted, rtol=1e-5)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("axis", [0, 3, -1])
def test_softmax_of_rank_seven(op, axis):
    """Along any axis of many."""
    x = noise(2, 1, 2, 3, 1, 2, 2)
    exact = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    wanted = exact if op == "Softmax" else np.log(exact)
    np.testing.assert_allclose(litert(op, [x], axis=axis), wanted, rtol=1e-5, atol=1e-6)
