"""Transposes cancel, or a product of matrices takes them in; others stay."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil, check_node_mil
from tests.legalise.support import noise, text_graph


def _found(text, feed, **constants):
    return check_mil(text_graph(text, constants), feed)


def test_transpose_of_transpose():
    """One is left of two that do not cancel; none of a movement of axes of one cell."""
    text = "g (float[2,3,4] x) => (float[3,4,2] y) { a = Transpose<perm=[1,0,2]> (x) y = Transpose<perm=[0,2,1]> (a) }"
    assert _found(text, {"x": noise(2, 3, 4)}) == {"transpose": 1}
    assert check_node_mil("Transpose", [noise(1, 3, 1)], perm=[2, 1, 0]) == {"reshape": 1}


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_product_takes_in(precision):
    """``transpose_x``, ``transpose_y``, both; also with a constant."""
    text = (
        "g (float[2,4,3] a, float[2,5,4] b, float[2,3,4] d) => (float[2,3,5] y, float[2,3,5] z, float[2,3,7] v)"
        "{ p = Transpose<perm=[0,2,1]> (a) q = Transpose<perm=[0,2,1]> (b)"
        "  y = MatMul (p, q) z = MatMul (d, q) v = MatMul (p, w) }"
    )
    feed = {"a": noise(2, 4, 3), "b": noise(2, 5, 4, seed=1), "d": noise(2, 3, 4, seed=2)}
    graph = text_graph(text, {"w": noise(4, 7, seed=3)})
    found = check_mil(graph, feed, precision=precision, tolerance=1e-5 if precision == "fp32" else 4e-3)
    assert (found["matmul"], found["transpose"]) == (3, 0)


def test_product_does_not_take_in_others():
    """A Transpose of other axes, or one that is an output too, stays."""
    text = "g (float[2,4,3] a, float[4,2,5] b) => (float[2,3,5] y, float[2,3,4] p) {"
    text += "p = Transpose<perm=[0,2,1]> (a) q = Transpose<perm=[1,0,2]> (b) y = MatMul (p, q) }"
    assert _found(text, {"a": noise(2, 4, 3), "b": noise(4, 2, 5)}) == {"transpose": 2, "matmul": 1}


def test_attention():
    """Tokens of an image, queries of constants, heads apart and joined again: not one Transpose."""
    text = (
        "g (float[1,8,4,4] x) => (float[1,3,8] y) {"
        "  f = Reshape (x, flat) t = Transpose<perm=[0,2,1]> (f) n = LayerNormalization (t, scale)"
        "  k = MatMul (n, wk) v = MatMul (n, wv) kh = Reshape (k, heads) vh = Reshape (v, heads)"
        "  kt = Transpose<perm=[0,2,3,1]> (kh) vt = Transpose<perm=[0,2,1,3]> (vh)"
        "  s = MatMul (q, kt) m = Softmax (s) o = MatMul (m, vt)"
        "  ot = Transpose<perm=[0,2,1,3]> (o) j = Reshape (ot, joined) y = MatMul (j, wo) }"
    )
    constants = {
        "flat": np.array([1, 8, 16]), "scale": noise(8, seed=1), "wk": noise(8, 8, seed=2), "wv": noise(8, 8, seed=3),
        "heads": np.array([1, 16, 2, 4]), "q": noise(1, 2, 3, 4, seed=4), "joined": np.array([1, 3, 8]),
        "wo": noise(8, 8, seed=5),
    }  # fmt: skip
    from mobilekit.normalise.pipeline import normalise

    feed = {"x": noise(1, 8, 4, 4)}
    found = check_mil(normalise(text_graph(text, constants), samples=[feed]).graph, feed)
    assert (found["transpose"], found["matmul"], found["conv"], found["layer_norm"]) == (0, 3, 2, 1)


def test_colours_by_a_matrix_of_the_network():
    """Pixels last, times a matrix computed at run time, pixels first again."""
    text = (
        "g (float[1,3,4,4] x, float[3,3] m) => (float[1,3,4,4] y) {"
        "  a = Transpose<perm=[0,2,3,1]> (x) r = Reshape (a, rows) t = Transpose<perm=[1,0]> (m)"
        "  p = MatMul (r, t) i = Reshape (p, map) c = Clip (i, low, high) y = Transpose<perm=[0,3,1,2]> (c) }"
    )
    constants = {"rows": np.array([16, 3]), "map": np.array([1, 4, 4, 3])}
    constants |= {"low": np.float32(-1), "high": np.float32(1)}
    found = _found(text, {"x": noise(1, 3, 4, 4), "m": noise(3, 3, seed=1)}, **constants)
    assert (found["transpose"], found["matmul"]) == (0, 1)


def test_constant_times_channels():
    """A 1×1 Conv of the image where the channels are those of one; not along another axis."""
    text = "g (float[1,4,2,3] x) => (float[1,5,6] y) { r = Reshape (x, s) y = MatMul (w, r) }"
    weights = noise(5, 4, seed=1)
    found = _found(text, {"x": noise(1, 4, 2, 3)}, s=np.array([1, 4, 6]), w=weights)
    assert found == {"conv": 1, "reshape": 1}
    assert check_node_mil("MatMul", [weights, noise(2, 2, 4, 3)], runtime=(1,)) == {"matmul": 1}
