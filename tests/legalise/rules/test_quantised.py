"""QuantizeLinear and DequantizeLinear give the integers and numbers of ONNX Runtime."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, node_graph, noise, text_graph

X = noise(2, 3, 4) * 100


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16])
def test_quantize(dtype):
    """Values outside the type saturate, with a zero point and without."""
    zero = np.array(7, dtype)
    assert "QuantizeLinear" not in check_node("QuantizeLinear", [X, np.float32(0.7), zero])
    check_node("QuantizeLinear", [X * 1000, np.float32(0.7), zero])


def test_ties_go_to_even():
    """0.5, 1.5 and 2.5 steps become 0, 2 and 2."""
    ties = np.arange(-8, 8, dtype=np.float32) + np.float32(0.5)
    check_node("QuantizeLinear", [ties, np.float32(1), np.int8(0)], rtol=0, atol=0)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_along_an_axis(axis):
    """A scale and a zero point for each slice."""
    count = X.shape[axis]
    scale, zero = np.linspace(0.5, 2, count, dtype=np.float32), np.arange(count, dtype=np.uint8)
    check_node("QuantizeLinear", [X, scale, zero], axis=axis)
    steps = np.arange(24, dtype=np.uint8).reshape(X.shape)
    check_node("DequantizeLinear", [steps, scale, zero], axis=axis)


@pytest.mark.parametrize("runtime", [(0,), (0, 1)])
def test_blocks(runtime):
    """A scale for each block of two along an axis, constant or computed."""
    scale = np.abs(noise(2, 3, 2)) + np.float32(0.1)
    check_node(
        "QuantizeLinear", [X, scale, np.zeros((2, 3, 2), np.int8)], runtime=runtime, axis=2, block_size=2
    )


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32])
def test_dequantize(dtype):
    """Every element type that TFLite holds."""
    steps = (np.arange(24).reshape(X.shape) * 5).astype(dtype)
    zero = np.zeros((), dtype) if dtype == np.int32 else np.array(9, dtype)
    assert "DequantizeLinear" not in check_node("DequantizeLinear", [steps, np.float32(0.3), zero])


def test_four_bits_are_refused():
    """No TFLite operator computes with 4-bit integers."""
    import ml_dtypes

    text = "g (float[3] x) => (float[3] y) { q = QuantizeLinear (x, s, z) y = DequantizeLinear (q, s, z) }"
    graph = text_graph(text, {"s": np.float32(1), "z": np.array(0, ml_dtypes.int4)})
    with pytest.raises(UnsupportedOperatorError, match=r"QuantizeLinear.*node q: elements of type int4"):
        legalise(graph, samples=[])


def test_another_precision_is_refused():
    """A division in float16 rounds to other integers than one in float32."""
    graph, _ = node_graph("QuantizeLinear", [X, np.float32(1), np.int8(0)], opset=23, precision=10)
    with pytest.raises(UnsupportedOperatorError, match=r"QuantizeLinear.*node y: precision=10"):
        legalise(graph, samples=[])


def test_halves_are_refused():
    """ONNX divides them in half precision, where ONNX Runtime 1.26 cuts instead of rounding."""
    halves = (X / 100).astype(np.float16)
    graph, _ = node_graph("QuantizeLinear", [halves, np.float16(0.7), np.int8(0)])
    with pytest.raises(UnsupportedOperatorError, match=r"QuantizeLinear.*node y: precision=10"):
        legalise(graph, samples=[])
