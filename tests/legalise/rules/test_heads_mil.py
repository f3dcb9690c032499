"""Channels as rows: a head's own product, or one with the identity; not of large maps or costly ones."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph


def _found(weights, size=(4, 5), bias=True, attributes="", tolerance=1e-5, result="[1,-,2]"):
    channels, inputs = weights.shape[0], weights.shape[1]
    rows = channels * size[0] * size[1] // 2
    text = (
        f"g (float[1,{inputs},{size[0]},{size[1]}] x) => (float[1,{rows},2] y) {{"
        f" c = Conv{attributes} (x, w{', b' if bias else ''}) t = Transpose<perm=[0,2,3,1]> (c)"
        " r = Reshape (t, s) y = Sigmoid (r) }"
    )
    constants = {"w": weights, "s": np.array([1, rows, 2])}
    if bias:
        constants["b"] = noise(channels, seed=2)
    return check_mil(text_graph(text, constants), {"x": noise(1, inputs, *size)}, tolerance=tolerance)


@pytest.mark.parametrize("bias", [True, False])
def test_head_of_one_cell(bias):
    """A 1×1 Conv is the product of rows itself."""
    found = _found(noise(6, 8, 1, 1, seed=1), bias=bias)
    assert found == {"reshape": 2, "matmul": 1, "sigmoid": 1} | ({"add": 1} if bias else {})


def test_head_of_more_cells():
    """A 3×3 Conv, and a product with the identity that is a small part of its work."""
    found = _found(noise(6, 16, 3, 3, seed=1), attributes="<pads=[1,1,1,1]>")
    assert found == {"conv": 1, "reshape": 2, "matmul": 1, "sigmoid": 1}


def test_identity_too_costly():
    """As much work as the Conv again: the Transpose stays."""
    found = _found(noise(20, 2, 3, 3, seed=1), attributes="<pads=[1,1,1,1]>")
    assert found == {"conv": 1, "transpose": 1, "reshape": 1, "sigmoid": 1}


def test_large_map():
    """More rows than an axis of the Neural Engine has."""
    found = _found(noise(2, 1, 1, 1, seed=1), size=(130, 130))
    assert (found["transpose"], found["matmul"]) == (1, 0)


def test_output_in_rows():
    """What leaves the network transposed is transposed: there is nothing between it and the output."""
    text = "g (float[1,8,4,5] x) => (float[1,4,5,6] y) { c = Conv (x, w) y = Transpose<perm=[0,2,3,1]> (c) }"
    found = check_mil(text_graph(text, {"w": noise(6, 8, 1, 1)}), {"x": noise(1, 8, 4, 5)})
    assert found == {"conv": 1, "transpose": 1}
