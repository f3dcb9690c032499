"""Weights that are a constant times a style and a demodulation: all three apart again."""

import numpy as np

from tests.legalise.support import check, noise, text_graph

# What PyTorch exports of StyleGAN2's modulated convolution, for a batch of one.
MODULATED = """
g (float[1,4,8,8] x, float[1,1,4,1,1] style) => (float y) {
  scaled = Mul (w, style)
  squares = Mul (scaled, scaled)
  total = ReduceSum (squares, axes)
  shifted = Add (total, small)
  root = Sqrt (shifted)
  demodulation = Reciprocal (root)
  final = Mul (scaled, demodulation)
  flat = Reshape (final, shape)
  y = Conv <pads=[1,1,1,1]> (x, flat)
}"""
CONSTANTS = {
    "w": noise(1, 6, 4, 3, 3),
    "axes": np.array([2, 3, 4]),
    "small": np.float32(1e-8),
    "shape": np.array([6, 4, 3, 3]),
}
FEED = {"x": noise(1, 4, 8, 8), "style": noise(1, 1, 4, 1, 1, seed=3) + 2}


def _weights_are_constant(text, constants, feed, op="Conv"):
    graph = text_graph(text, constants)
    ops = check(graph, feed)
    return ops.count(op) == 1 and "MatMul" not in ops


def test_stylegan2():
    """The style scales the input, the demodulation the output, and the weights are constant."""
    assert _weights_are_constant(MODULATED, CONSTANTS, FEED)


def test_stylegan2_transposed():
    """Its upsampling transposes the weights between the products and ConvTranspose (here one Conv of phases)."""
    text = """
    g (float[1,4,5,5] x, float[1,1,4,1,1] style) => (float y) {
      scaled = Mul (w, style)
      turned = Transpose <perm=[0,2,1,3,4]> (scaled)
      flat = Reshape (turned, shape)
      y = ConvTranspose <strides=[2,2]> (x, flat)
    }"""
    constants = {"w": CONSTANTS["w"], "shape": np.array([4, 6, 3, 3])}
    feed = {"x": noise(1, 4, 5, 5), "style": FEED["style"]}
    assert _weights_are_constant(text, constants, feed)


def test_division_and_scalars():
    """Weights divided by a norm per output channel, and multiplied by a number."""
    text = """
    g (float[1,4,8,8] x, float[6,1,1,1] norm, float gain) => (float y) {
      a = Div (w, norm)
      b = Mul (gain, a)
      y = Conv <strides=[2,2]> (x, b)
    }"""
    feed = {"x": FEED["x"], "norm": noise(6, 1, 1, 1) + 3, "gain": np.array(0.7, np.float32)}
    assert _weights_are_constant(text, {"w": CONSTANTS["w"][0]}, feed)


def test_other_factors_stay_with_the_weights():
    """A factor per cell of the kernel has no place outside: products at run time."""
    text = """
    g (float[1,4,8,8] x, float[1,1,3,3] window) => (float y) {
      a = Mul (w, window)
      y = Conv (x, a)
    }"""
    feed = {"x": FEED["x"], "window": noise(1, 1, 3, 3)}
    assert "MatMul" in check(text_graph(text, {"w": CONSTANTS["w"][0]}), feed)


def test_two_axes_of_one_size_are_not_confused():
    """A style along the outputs of square weights scales the output."""
    text = """
    g (float[1,4,8,8] x, float[4,1,1,1] outs, float[4,1,1] ins) => (float y) {
      a = Mul (outs, w)
      b = Mul (a, ins)
      y = Conv (x, b)
    }"""
    feed = {"x": FEED["x"], "outs": noise(4, 1, 1, 1), "ins": noise(4, 1, 1, seed=9)}
    assert _weights_are_constant(text, {"w": noise(4, 4, 2, 2)}, feed)
