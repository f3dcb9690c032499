"""BatchNormalization is folded into the layer before it, the convolution after it, or two nodes."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.normalise.support import model, normalised, ops

RNG = np.random.default_rng(0)


def _norm(channels):
    names = ("g", "b", "m", "v")
    values = {n: RNG.normal(size=channels).astype(np.float32) for n in names}
    values["v"] = np.abs(values["v"]) + 0.1
    return values


def _weights(*shape):
    return RNG.normal(size=shape).astype(np.float32)


BN = "y = BatchNormalization (c, g, b, m, v)"


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("group", [1, 2])
def test_into_conv(bias, group):
    """Weights and bias take it in, with groups too."""
    values = {"w": _weights(8, 4 // group, 3, 3), **_norm(8)}
    if bias:
        values["k"] = _weights(8)
    body = f"c = Conv <pads = [1,1,1,1], group = {group}> (x, w{', k' if bias else ''}) {BN}"
    assert ops(normalised(model(body, out="1,8,6,6"), **values)) == ["Conv"]


@pytest.mark.parametrize("group", [1, 2])
def test_into_conv_transpose(group):
    """Its output channels are on the second axis of the weights, group by group."""
    values = {"w": _weights(4, 6 // group, 2, 2), **_norm(6)}
    body = f"c = ConvTranspose <strides = [2,2], group = {group}> (x, w) {BN}"
    assert ops(normalised(model(body, out="1,6,12,12"), **values)) == ["ConvTranspose"]


@pytest.mark.parametrize(
    ("attributes", "shape"), [("alpha = 1.0", (6, 5)), ("transB = 1, alpha = 0.5, beta = 2.0", (5, 6))]
)
def test_into_gemm(attributes, shape):
    """Alpha stays, beta becomes 1."""
    values = {"w": _weights(*shape), "k": _weights(5), **_norm(5)}
    result = normalised(model(f"c = Gemm <{attributes}> (x, w, k) {BN}", shape="3,6", out="3,5"), **values)
    assert ops(result) == ["Gemm"]


def test_a_conv_that_is_read_twice_stays():
    """Its other reader wants it as it was."""
    values = {"w": _weights(4, 4, 1, 1), **_norm(4)}
    body = "c = Conv (x, w) n = BatchNormalization (c, g, b, m, v) y = Mul (n, c)"
    assert ops(normalised(model(body), **values)) == ["Conv", "Mul", "Add", "Mul"]


def test_into_the_conv_after_it_where_that_does_not_pad():
    """The offset goes into the bias."""
    values = {"w": _weights(8, 2, 3, 3), **_norm(4)}
    body = "r = Relu (x) n = BatchNormalization (r, g, b, m, v) y = Conv <group = 2> (n, w)"
    assert ops(normalised(model(body, out="1,8,4,4"), **values)) == ["Relu", "Conv"]


def test_before_a_padding_conv_the_offset_stays():
    """Zeros are padded after the offset; the factor goes into the weights."""
    values = {"w": _weights(8, 4, 3, 3), **_norm(4)}
    body = "r = Relu (x) n = BatchNormalization (r, g, b, m, v) y = Conv <pads = [1,1,1,1]> (n, w)"
    assert ops(normalised(model(body, out="1,8,6,6"), **values)) == ["Relu", "Add", "Conv"]


def test_a_scale_layer_behind_it_is_folded_too():
    """Conv → BatchNormalization → Mul → Add, as Caffe models have it."""
    values = {"w": _weights(4, 4, 1, 1), **_norm(4), "s": _weights(1, 4, 1, 1), "t": _weights(4, 1, 1)}
    body = "c = Conv (x, w) n = BatchNormalization (c, g, b, m, v) p = Mul (n, s) y = Add (p, t)"
    assert ops(normalised(model(body), **values)) == ["Conv"]


def test_a_factor_per_position_is_not_folded():
    """The negative twin: it varies along the width."""
    values = {"w": _weights(4, 4, 1, 1), "s": _weights(1, 4, 1, 6)}
    assert ops(normalised(model("c = Conv (x, w) y = Mul (c, s)"), **values)) == ["Conv", "Mul"]


def test_matmul_takes_a_factor_and_leaves_an_offset():
    """Columns are scaled."""
    values = {"w": _weights(6, 5), "s": _weights(5), "t": _weights(5)}
    body = "c = MatMul (x, w) p = Mul (c, s) y = Add (p, t)"
    assert ops(normalised(model(body, shape="2,3,6", out="2,3,5"), **values)) == ["MatMul", "Add"]


def test_training_mode_normalises_its_own_input():
    """Exporters write InstanceNormalization so; the running statistics must not be read."""
    values = _norm(4)
    body = "y, rm, rv = BatchNormalization <training_mode = 1> (x, g, b, m, v)"
    result = normalised(model(body), **values)
    assert ops(result) == ["Normalize"]
    assert result.recognised[0].kind == "Normalization from BatchNormalization in training mode"
    read = "n, rm, rv = BatchNormalization <training_mode = 1> (x, g, b, m, v) s = ReduceSum <keepdims = 0> (rm) y = Add (n, s)"
    with pytest.raises(UnsupportedOperatorError, match="training mode"):
        normalised(model(read), **values)
