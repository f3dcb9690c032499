"""Factors and offsets go into the layer beside them, where that is exact."""

import numpy as np
import pytest

from mobilekit.normalise.pipeline import normalise
from tests.normalise.support import graph_of, model, normalised, ops

RNG = np.random.default_rng(0)
K = RNG.uniform(0.5, 2, (1, 4, 1, 1)).astype(np.float32)
W = RNG.normal(size=(4, 4, 3, 3)).astype(np.float32)
PAIRS = RNG.normal(size=(4, 2, 3, 3)).astype(np.float32)
B = RNG.normal(size=4).astype(np.float32)
CONV = "c = Conv <kernel_shape = [3, 3]> (x, w, b) "
TRANSPOSED = "c = ConvTranspose <kernel_shape = [3, 3], group = 2> (x, v) "


@pytest.mark.parametrize(
    "last", ["Mul (c, k)", "Mul (k, c)", "Add (c, k)", "Sub (c, k)", "Sub (k, c)", "Div (c, k)"]
)
@pytest.mark.parametrize(("layer", "size"), [(CONV, 4), (TRANSPOSED, 8)])
def test_behind_a_layer(last, layer, size):
    """Every operator, from either side; transposed convolutions with groups too."""
    text = model(f"{layer} y = {last}", out=f"1,4,{size},{size}")
    assert len(ops(normalised(text, w=W, v=PAIRS, b=B, k=K))) == 1


@pytest.mark.parametrize("operator", ["Mul", "Add", "Sub", "Div"])
def test_before_a_convolution(operator):
    """Also an offset, where nothing is padded."""
    text = model(
        f"r = Relu (x) a = {operator} (r, k) y = Conv <kernel_shape = [3, 3]> (a, w, b)", out="1,4,4,4"
    )
    assert ops(normalised(text, w=W, b=B, k=K)) == ["Relu", "Conv"]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (CONV + "y = Div (k, c)", ["Conv", "Div"]),
        (CONV + "y = Mul (c, c)", ["Conv", "Mul"]),
        (CONV + "m = Mul (c, k) y = Sub (m, c)", ["Conv", "Mul", "Sub"]),
        (CONV + "y = Mul (c, row)", ["Conv", "Mul"]),
        (CONV + "y = Div (c, zero)", ["Conv", "Div"]),
        ("c = Conv <kernel_shape = [3, 3]> (x, w, b) d = Mul (c, k) y = Pow (d, c)", ["Conv", "Mul", "Pow"]),
    ],
)
def test_what_no_weights_can_say(body, left):
    """Reciprocals, squares, values read twice, factors along the width, divisions by zero."""
    row, zero = np.arange(1, 5, dtype=np.float32), np.zeros((1, 4, 1, 1), np.float32)
    text = model(body, out="1,4,4,4")
    constants = {"w": W, "b": B, "k": K, "row": row, "zero": zero}
    assert ops(normalise(graph_of(text, constants), samples=())) == left


@pytest.mark.parametrize("pads", ["pads = [1, 1, 1, 1]", 'auto_pad = "SAME_UPPER"'])
def test_an_offset_before_padding_stays(pads):
    """What is padded with is zero behind the offset, not before it."""
    text = model(f"r = Relu (x) a = Add (r, k) y = Conv <kernel_shape = [3, 3], {pads}> (a, w)")
    assert ops(normalised(text, w=W, k=K)) == ["Relu", "Add", "Conv"]


def test_weights_of_run_time_stay():
    """There is nothing to fold into."""
    text = """<ir_version: 8, opset_import: ["": 17]> g (float[1,4,6,6] x, float[4,4,3,3] w) => (float[1,4,4,4] y) {
        c = Conv (x, w) y = Mul (c, k) }"""
    assert ops(normalised(text, k=K)) == ["Conv", "Mul"]


MOVED = """r = Softmax <axis = 1> (x) m = Mul (r, f) a = Add (m, o) i = Reshape (a, image)
    u = Transpose <perm = [0, 3, 1, 2]> (i) y = Conv{} (u, w)"""


@pytest.mark.parametrize(("last", "left"), [("", 0), ("<pads = [1, 1, 1, 1]>", 2)])
def test_before_a_convolution_behind_movement(last, left):
    """Factor and offset along the channels of tokens go into its weights, unless it pads with zeros."""
    rng = np.random.default_rng(0)
    constants = {
        "image": np.array([1, 6, 6, 4]),
        "f": rng.normal(size=(1, 1, 4)).astype(np.float32),
        "o": rng.normal(size=4).astype(np.float32),
        "w": rng.normal(size=(4, 4, *((3, 3) if last else (1, 1)))).astype(np.float32),
    }
    found = ops(normalised(model(MOVED.format(last), shape="1,36,4", out="1,4,6,6"), **constants))
    assert found.count("Mul") + found.count("Add") == left


@pytest.mark.parametrize(
    ("factor", "image", "channels"), [((1, 36, 1), [1, 6, 6, 4], 4), ((1, 1, 4), [1, 9, 2, 8], 8)]
)
def test_other_axes_behind_movement_stay(factor, image, channels):
    """A factor along tokens, and one along an axis that a Reshape joins with another, are no channels."""
    rng = np.random.default_rng(0)
    constants = {
        "image": np.array(image),
        "f": rng.uniform(0.5, 1, size=factor).astype(np.float32),
        "w": rng.normal(size=(4, channels, 1, 1)).astype(np.float32),
    }
    body = MOVED.format("").replace("a = Add (m, o)", "").replace("(a, image)", "(m, image)")
    out = f"1,4,{image[1]},{image[2]}"
    assert "Mul" in ops(normalised(model(body, shape="1,36,4", out=out), **constants))
