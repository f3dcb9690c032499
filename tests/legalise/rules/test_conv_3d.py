"""Conv over volumes is a sum of two-dimensional ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, few, node_graph, noise


@given(
    kernel=st.tuples(*[st.integers(1, 3)] * 3),
    strides=st.tuples(*[st.integers(1, 2)] * 3),
    dilations=st.tuples(*[st.integers(1, 2)] * 3),
    pads=st.tuples(*[st.integers(0, 2)] * 6),
    group=st.sampled_from([1, 2, 4]),
    batch=st.sampled_from([1, 2]),
)
@few
def test_any_volume(kernel, strides, dilations, pads, group, batch):
    """Every combination of kernel, stride, dilation, pads, groups and batch."""
    check_node(
        "Conv",
        [noise(batch, 4, 6, 7, 5), noise(4, 4 // group, *kernel, seed=1), noise(4, seed=2)],
        pads=pads, strides=strides, dilations=dilations, group=group,
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_auto_pad(mode):
    """SAME on an even size puts the odd cell after or before."""
    operands = [noise(1, 2, 6, 6, 5), noise(3, 2, 3, 2, 3)]
    check_node("Conv", operands, auto_pad=mode, strides=[2, 2, 1])


def test_one_convolution_per_plane_of_the_kernel():
    """And none of three dimensions is left."""
    ops = check_node("Conv", [noise(1, 2, 5, 5, 5), noise(2, 2, 3, 3, 3)], pads=[1] * 6)
    assert ops.count("Conv") == 3
    assert ops.count("Add") == 2


def test_weights_at_run_time():
    """Each plane of runtime weights is a slice of them."""
    check_node("Conv", [noise(1, 2, 5, 5, 5), noise(2, 2, 2, 2, 2), noise(2)], runtime=(0, 1, 2))


def test_four_axes_are_refused():
    """No runtime convolves over four axes; three are fine."""
    graph, _ = node_graph("Conv", [noise(1, 1, 3, 3, 3, 3), noise(1, 1, 2, 2, 2, 2)])
    with pytest.raises(UnsupportedOperatorError, match="node y: a kernel over 4 axes"):
        legalise(graph, samples=[])
    check_node("Conv", [noise(1, 1, 3, 3, 3), noise(1, 1, 2, 2, 2)])
