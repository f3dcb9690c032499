"""Maps of few channels become planes where that saves more than the transposes cost."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.runtimes.litert import open_tflite

HEAD = '<ir_version: 10, opset_import: ["": 21]> g'
RANDOM = np.random.default_rng(3)


def weights(out: int, into: int) -> np.ndarray:
    """A 1x1 kernel."""
    return RANDOM.normal(0, 1, (out, into, 1, 1)).astype(np.float32)


def after_conv(graph_of, channels: int, size: int = 32):
    """A Softmax over the channels that a convolution makes."""
    text = f"{HEAD} (float[1,5,{size},32] x) => (float y) {{ c = Conv(x, w) y = Softmax<axis=1>(c) }}"
    return graph_of(text, {"w": weights(channels, 5)})


@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize("nhwc", [True, False])
def test_softmax_over_few_channels_is_arithmetic(graph_of, agrees, operators, channels, nhwc) -> None:
    """After a convolution, and straight from the input, it is right in either order of the border's axes."""
    graph = after_conv(graph_of, channels)
    agrees(graph, nhwc=nhwc)
    bare = graph_of(f"{HEAD} (float[1,{channels},32,32] x) => (float y) {{ y = Softmax<axis=1>(x) }}", {})
    agrees(bare, nhwc=nhwc)
    assert "SOFTMAX" not in operators(graph)


def test_two_channels_stay_where_they_are(graph_of, operators) -> None:
    """Between channels-last neighbours two channels are a convolution and a LOGISTIC, without transposes."""
    assert operators(after_conv(graph_of, 2)) == ["CONV_2D", "CONV_2D", "LOGISTIC"]


@pytest.mark.parametrize(
    ("channels", "size", "precision"), [(5, 32, "fp32"), (3, 16, "fp32"), (3, 32, "fp16")]
)
def test_otherwise_it_is_one_operator(graph_of, agrees, operators, channels, size, precision) -> None:
    """More channels, a small map and a file for GPUs keep SOFTMAX."""
    graph = after_conv(graph_of, channels, size)
    assert "SOFTMAX" in operators(graph, precision=precision)
    agrees(graph, precision=precision, tolerance=1e-3 if precision == "fp16" else 1e-5)


@pytest.mark.parametrize("channels", [2, 3])
def test_a_masked_channel_is_zero(graph_of, tmp_path, channels) -> None:
    """Minus infinity in one channel leaves the others their sum of one, and far apart is 0 and 1."""
    text = f"{HEAD} (float[1,{channels},32,32] x) => (float y) {{ y = Softmax<axis=1>(x) }}"
    path = tmp_path / "net.tflite"
    path.write_bytes(emit(graph_of(text, {}), precision="fp32"))
    x = np.zeros((1, channels, 32, 32), np.float32)
    x[:, 0, :16], x[:, 0, 16:] = -np.inf, 3e38
    with open_tflite(path) as session:
        y = session.run({"x": x})["y"]
    np.testing.assert_allclose(y[:, 0, :16], 0)
    np.testing.assert_allclose(y[:, 1:, :16], 1 / (channels - 1))
    np.testing.assert_allclose(y[:, 0, 16:], 1)


def blend(graph_of, channels: int):
    """Layers of a picture mixed by planes of weights: the tail of an image-to-image network."""
    text = f"""{HEAD} (float[1,5,32,32] x) => (float y) {{
        c = Conv(x, w) p, q, r = Split<axis=1, num_outputs=3>(c)
        s = Softmax<axis=1>(r) a, b, d = Split<axis=1, num_outputs=3>(s)
        t = Mul(p, a) u = Mul(q, b) v = Add(t, u) z = Mul(r, d) y = Add(v, z) }}"""
    if channels != 3:
        text = text.replace("num_outputs=3>(s)", f"num_outputs={channels}>(s)")
    return graph_of(text, {"w": weights(3 * channels, 5)})


def test_a_blend_of_three_channels_is_done_in_planes(graph_of, agrees, operators) -> None:
    """One transpose before, one after, none between."""
    graph = blend(graph_of, 3)
    agrees(graph)
    kinds = operators(graph)
    assert kinds.count("TRANSPOSE") == 2
    assert kinds[1] == kinds[-1] == "TRANSPOSE"
    assert operators(graph, precision="fp16").count("TRANSPOSE") == 0


def test_many_channels_stay_last(graph_of, agrees, operators) -> None:
    """Transposing 64 channels costs more than a product with one plane does."""
    text = f"""{HEAD} (float[1,64,32,32] x) => (float y) {{
        m = ReduceMean<keepdims=1>(x, axes) g = Sigmoid(m) p = Mul(x, g) y = Conv(p, w) }}"""
    graph = graph_of(text, {"axes": np.array([1], np.int64), "w": weights(4, 64)})
    agrees(graph)
    assert "TRANSPOSE" not in operators(graph)
