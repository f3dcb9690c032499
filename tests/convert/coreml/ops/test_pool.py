"""Pools: one MIL operator where its divisor is ONNX's; ceil_mode, dilations and norms by rewriting."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from tests.legalise.mil import check_node_mil
from tests.legalise.support import few, noise

WINDOWS = {
    "size": st.tuples(st.integers(6, 10), st.integers(6, 10)),
    "kernel": st.tuples(st.integers(1, 4), st.integers(1, 3)),
    "strides": st.tuples(st.integers(1, 3), st.integers(1, 3)),
    "pads": st.tuples(*[st.integers(0, 2)] * 4),
    "ceil": st.booleans(),
}


@given(included=st.booleans(), **WINDOWS)
@few
def test_average_pool(size, kernel, strides, pads, ceil, included):
    """Pads counted or not; those of ceil_mode never."""
    assume(all(pads[i] < kernel[i % 2] for i in range(4)))
    attributes = {"kernel_shape": kernel, "strides": strides, "pads": pads, "ceil_mode": int(ceil)}
    try:
        check_node_mil(
            "AveragePool", [noise(1, 2, *size) + 5], opset=22, count_include_pad=int(included), **attributes
        )
    except UnsupportedOperatorError as error:
        assert "ceil_mode" in error.message  # noqa: PT017


@given(**WINDOWS)
@few
def test_max_pool(size, kernel, strides, pads, ceil):
    """Values below zero show pads of zero; nothing but the pool is left."""
    assume(all(pads[i] < kernel[i % 2] for i in range(4)))
    attributes = {"kernel_shape": kernel, "strides": strides, "pads": pads, "ceil_mode": int(ceil)}
    try:
        assert check_node_mil("MaxPool", [noise(1, 2, *size) - 5], opset=22, **attributes) == {"max_pool": 1}
    except UnsupportedOperatorError as error:
        assert "ceil_mode" in error.message  # noqa: PT017


@pytest.mark.parametrize("shape", [(1, 2, 9), (1, 2, 6, 5, 7)])
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_other_ranks(op, shape):
    """One axis, and three."""
    axes = len(shape) - 2
    attributes = {"kernel_shape": [3] * axes, "strides": [2] * axes, "pads": [1] * 2 * axes}
    assert sum(check_node_mil(op, [noise(*shape)], opset=22, **attributes).values()) == 1


def test_dilated_windows():
    """The maximum of slices, the mean as a depthwise convolution."""
    attributes = {"kernel_shape": [2, 3], "dilations": [2, 2], "pads": [1, 0, 1, 2]}
    assert "max_pool" not in check_node_mil("MaxPool", [noise(1, 3, 8, 9) - 5], opset=22, **attributes)
    assert "conv" in check_node_mil("AveragePool", [noise(1, 3, 8, 9)], opset=22, **attributes)
    assert "conv" in check_node_mil("LpPool", [noise(1, 3, 8, 9)], opset=22, p=3, **attributes)


def test_global_pools_are_reductions():
    """Means and maxima over all pixels."""
    assert check_node_mil("GlobalAveragePool", [noise(1, 3, 4, 5)]) == {"reduce_mean": 1}
    assert check_node_mil("GlobalMaxPool", [noise(1, 3, 4, 5)]) == {"reduce_max": 1}


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_small_integers(dtype):
    """Exact as floats."""
    x = np.random.default_rng(0).integers(0, 100, (1, 2, 6, 6)).astype(dtype)
    assert check_node_mil("MaxPool", [x], opset=22, kernel_shape=[2, 2])["max_pool"] == 1


def test_indices():
    """Where the maxima are, with pads and strides."""
    attributes = {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1], "outputs": ("y", "i")}
    assert check_node_mil("MaxPool", [noise(1, 2, 7, 7) - 5], opset=22, **attributes)["max_pool"] == 1
