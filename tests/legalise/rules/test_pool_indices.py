"""The Indices output of MaxPool."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, few, node_graph, noise

BOTH = ("y", "i")


@given(
    size=st.tuples(st.integers(5, 8), st.integers(5, 8)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilations=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pads=st.tuples(*[st.integers(0, 2)] * 4),
    ceil=st.booleans(),
    by_column=st.booleans(),
)
@few
def test_any_window(size, kernel, strides, dilations, pads, ceil, by_column):
    """Indices count through the whole input, batch and channels included, by row or by column."""
    assume(all(pads[i] < kernel[i % 2] for i in range(4)))
    check_node(
        "MaxPool", [noise(2, 3, *size)], outputs=BOTH, opset=22, kernel_shape=kernel, strides=strides,
        dilations=dilations, pads=pads, ceil_mode=int(ceil), storage_order=int(by_column),
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(2, 2, 9), (1, 2, 4, 5, 6)])
def test_other_ranks(shape):
    """One axis and three."""
    axes = len(shape) - 2
    check_node("MaxPool", [noise(*shape)], outputs=BOTH, kernel_shape=[2] * axes, strides=[2] * axes)


def test_the_first_of_equal_values_is_named():
    """Ties are common after a Relu."""
    check_node(
        "MaxPool", [np.zeros((1, 2, 6, 6), np.float32)], outputs=BOTH, kernel_shape=[3, 3], pads=[1] * 4
    )


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_integers_are_refused(dtype):
    """Where all is zero, ONNX Runtime's indices are outside the image; the values alone are fine."""
    x = np.zeros((1, 1, 4, 4), dtype)
    graph, _ = node_graph("MaxPool", [x], outputs=BOTH, kernel_shape=[2, 2])
    with pytest.raises(UnsupportedOperatorError, match=f"node y: Indices of {np.dtype(dtype).name}"):
        legalise(graph, samples=[])
    check_node("MaxPool", [x], kernel_shape=[2, 2])
