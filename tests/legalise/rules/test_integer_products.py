"""Products of bytes are those of ONNX Runtime to the last bit, however long their sums."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, node_graph

rng = np.random.default_rng(0)


def extremes(*shape, dtype=np.uint8):
    """Mostly the greatest number: sums that float32 would round."""
    ends = np.iinfo(dtype)
    return np.where(rng.random(shape) < 0.9, ends.max, rng.integers(ends.min, ends.max, shape)).astype(dtype)


@pytest.mark.parametrize("terms", [5, 258, 259, 1000])
@pytest.mark.parametrize("constant", [False, True])
def test_mat_mul_integer(terms, constant):
    """Sums beyond 2²⁴ are added in int32."""
    operands = [extremes(3, terms), extremes(terms, 4), np.uint8(2), np.uint8(1)]
    ops = check_node("MatMulInteger", operands, runtime=(0,) if constant else (0, 1))
    assert ops.count("MatMul") == -(-terms // 258)


def test_mat_mul_integer_of_signed_bytes():
    """Unsigned times signed, no zero points, batches."""
    check_node("MatMulInteger", [extremes(2, 3, 300), extremes(300, 4, dtype=np.int8)], runtime=(0, 1))


@pytest.mark.parametrize("terms", [4, 600])
def test_qlinear_mat_mul(terms):
    """Requantised with ties to even, and saturated."""
    scale = np.float32(0.01 / terms)
    operands = [
        rng.integers(0, 255, (3, terms)).astype(np.uint8), np.float32(0.1), np.uint8(113),
        rng.integers(0, 255, (terms, 4)).astype(np.uint8), scale, np.uint8(99), np.float32(0.02), np.uint8(118),
    ]  # fmt: skip
    assert "QLinearMatMul" not in check_node("QLinearMatMul", operands, runtime=(0, 3))


def conv(channels, *, outputs=4, dtype=np.uint8):
    return extremes(1, channels, 6, 5, dtype=np.uint8), extremes(outputs, channels, 3, 3, dtype=dtype)


@pytest.mark.parametrize(("channels", "parts"), [(3, 1), (28, 1), (40, 2), (100, 4)])
def test_conv_integer(channels, parts):
    """As few convolutions as keep every sum exact; pads are the zero point."""
    x, w = conv(channels)
    ops = check_node("ConvInteger", [x, w, np.uint8(5)], pads=[1, 1, 1, 1], strides=[2, 1])
    assert ops.count("Conv") == parts


def test_qlinear_conv():
    """A scale for each output channel, a bias in int32, groups."""
    x, _ = conv(4)
    w = rng.integers(-128, 127, (6, 2, 3, 3)).astype(np.int8)
    operands = [
        x, np.float32(0.02), np.uint8(10), w, np.linspace(0.01, 0.02, 6, dtype=np.float32), np.zeros(6, np.int8),
        np.float32(0.1), np.uint8(120), rng.integers(-9999, 9999, 6).astype(np.int32),
    ]  # fmt: skip
    assert "QLinearConv" not in check_node("QLinearConv", operands, group=2, pads=[0, 1, 1, 0])


def test_weights_at_run_time_are_refused():
    """Their sums have no known bound."""
    graph, _ = node_graph("ConvInteger", list(conv(3)), runtime=(0, 1))
    with pytest.raises(UnsupportedOperatorError, match=r"ConvInteger.*node y: weights computed at run time"):
        legalise(graph, samples=[])


def test_a_kernel_too_large_to_be_exact_is_refused():
    """17 by 17 cells of one channel can exceed 2²⁴ already."""
    x, w = extremes(1, 1, 20, 20), extremes(1, 1, 17, 17)
    graph, _ = node_graph("ConvInteger", [x, w])
    with pytest.raises(UnsupportedOperatorError, match=r"ConvInteger.*node y: a kernel of \[17, 17\]"):
        legalise(graph, samples=[])
