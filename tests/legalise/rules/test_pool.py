"""Pools with ceil_mode, dilations, counted and uncounted pads, in one and two dimensions."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check, check_node, few, more, node_graph, noise, text_graph

WINDOWS = {
    "size": st.tuples(st.integers(6, 11), st.integers(6, 11)),
    "kernel": st.tuples(st.integers(1, 4), st.integers(1, 3)),
    "strides": st.tuples(st.integers(1, 3), st.integers(1, 3)),
    "dilations": st.tuples(st.integers(1, 2), st.integers(1, 2)),
    "pads": st.tuples(*[st.integers(0, 2)] * 4),
    "ceil": st.booleans(),
}


def _attributes(kernel, strides, dilations, pads, ceil):
    assume(all(pads[i] < kernel[i % 2] for i in range(4)))
    return {
        "kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": pads, "ceil_mode": int(ceil),
    }  # fmt: skip


@given(**WINDOWS)
@more
def test_any_max_pool(size, kernel, strides, dilations, pads, ceil):
    """All windows; values below zero show pads of zero."""
    x = noise(1, 3, *size) - 5
    check_node("MaxPool", [x], opset=22, **_attributes(kernel, strides, dilations, pads, ceil))


@given(included=st.booleans(), **WINDOWS)
@more
def test_any_average_pool(size, kernel, strides, dilations, pads, ceil, included):
    """All windows, pads counted or not."""
    attributes = _attributes(kernel, strides, dilations, pads, ceil)
    x = noise(1, 3, *size) + 5
    check_node("AveragePool", [x], opset=22, count_include_pad=int(included), **attributes)


@given(power=st.sampled_from([1, 2, 3]), **WINDOWS)
@few
def test_any_lp_pool(size, kernel, strides, dilations, pads, ceil, power):
    """All windows and norms (ceil_mode of LpPool is ignored by ONNX Runtime: left out)."""
    attributes = _attributes(kernel, strides, dilations, pads, ceil=False)
    check_node("LpPool", [noise(1, 3, *size)], opset=22, p=power, **attributes)


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_auto_pad(op, mode):
    """SAME_UPPER stays one operator."""
    ops = check_node(op, [noise(1, 3, 8, 9)], kernel_shape=[3, 3], strides=[2, 2], auto_pad=mode)
    assert mode == "SAME_LOWER" or ops == [op]


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("pads", [(0, 0), (1, 1), (1, 0)])
def test_one_dimension(op, pads):
    """A 1-D pool is one on images of height 1."""
    check_node(op, [noise(1, 3, 9)], kernel_shape=[3], strides=[2], pads=pads)


@pytest.mark.parametrize("rank", [3, 4, 5])
@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
def test_global_pools_are_reductions(op, rank):
    """Any number of spatial axes."""
    ops = check_node(op, [noise(2, 3, *(4, 5, 2)[: rank - 2])])
    assert ops[-1] in ("ReduceMean", "ReduceMax", "Sqrt")


def test_integer_max_pool():
    """Pads of integers are the lowest integer."""
    x = (noise(1, 2, 6, 6) * 30 - 90).clip(-128, 127).astype(np.int8)
    check_node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool", "LpPool"])
@pytest.mark.parametrize(
    "attributes",
    [
        {"strides": [2, 1, 2]},
        {"pads": [1, 0, 1, 0, 1, 1], "strides": [1, 2, 2]},
        {"dilations": [1, 2, 1]},
        {"dilations": [2, 2, 2], "pads": [1, 1, 0, 0, 1, 1]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 2, 1]},
    ],
)
def test_volumes(op, attributes):
    """A pool over three axes is one over the planes and one over the depth."""
    check_node(op, [noise(2, 3, 5, 7, 6) - 2], opset=22, kernel_shape=[3, 2, 2], **attributes)


@given(
    kernel=st.tuples(*[st.integers(1, 3)] * 3),
    strides=st.tuples(*[st.integers(1, 3)] * 3),
    ceil=st.booleans(),
    included=st.booleans(),
)
@few
def test_averages_over_volumes_count_what_onnx_counts(kernel, strides, ceil, included):
    """ceil_mode and count_include_pad over three axes."""
    pads = [min(1, k - 1) for k in kernel] * 2
    check_node(
        "AveragePool", [noise(1, 2, 6, 5, 7) + 3], opset=22, kernel_shape=kernel, strides=strides,
        pads=pads, ceil_mode=int(ceil), count_include_pad=int(included),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"dilations": [2, 1]}, r"auto_pad SAME_UPPER with dilations \(2, 1\)"),
        ({"strides": [4, 4]}, r"auto_pad SAME_UPPER with strides \(4, 4\)"),
    ],
)
def test_same_pads_that_two_standards_count_differently(attributes, reason):
    """ONNX Runtime's SAME of pools ignores dilations, and does not stop at zero; without either it is ONNX's."""
    graph, _ = node_graph(
        "MaxPool", [noise(1, 2, 8, 8)], opset=22, kernel_shape=[2, 2], auto_pad="SAME_UPPER", **attributes
    )
    with pytest.raises(UnsupportedOperatorError, match=reason):
        legalise(graph, samples=[])
    check_node("MaxPool", [noise(1, 2, 8, 8)], opset=22, kernel_shape=[2, 2], auto_pad="SAME_UPPER")


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_a_last_window_beyond_the_image(op):
    """Until opset 21 ONNX counts it and ONNX Runtime does not: refused; since 22 neither does."""
    attributes = {"kernel_shape": [1, 1], "strides": [2, 2], "ceil_mode": 1}
    graph, _ = node_graph(op, [noise(1, 2, 6, 7)], opset=21, **attributes)
    with pytest.raises(UnsupportedOperatorError, match=r"node y: ceil_mode with strides \(2, 2\)"):
        legalise(graph, samples=[])
    check_node(op, [noise(1, 2, 6, 7)], opset=22, **attributes)


def test_windows_larger_than_the_image_are_refused():
    """A result of no cells is no result."""
    graph, _ = node_graph("AveragePool", [noise(1, 2, 4, 9)], opset=22, kernel_shape=[5, 2])
    with pytest.raises(UnsupportedOperatorError, match=r"kernel_shape \(5, 2\)"):
        legalise(graph, samples=[])


def test_unused_indices_are_dropped():
    """An Indices output that nobody reads does not matter."""
    text = "g (float[1,2,6,6] x) => (float[1,2,5,5] y) { y, i = MaxPool <kernel_shape=[2,2]> (x) }"
    assert check(text_graph(text), {"x": noise(1, 2, 6, 6)}) == ["MaxPool"]
