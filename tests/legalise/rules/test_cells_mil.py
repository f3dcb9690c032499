"""Vectors of cells stay cells where layers make images of them; where they leave as vectors they are vectors."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph

CONSTANTS = {
    "m": np.array([2, 3]), "e": np.float32(0.1), "w": noise(6, 8, seed=1), "b": noise(6, seed=2),
    "z": np.array([1, 6, 1, 1]), "q": np.array([1, 4]),
}  # fmt: skip
MEANS = "f = ReduceMean<keepdims=0> (x, m) g = ReduceMean<keepdims=0> (u, m)"
LAYER = "j = Concat<axis=1> (f, g) l = Gemm<transB=1> (j, w, b) r = Relu (l)"
FEED = {"x": noise(1, 4, 3, 3, seed=3), "u": np.abs(noise(1, 4, 2, 2, seed=4))}


def _found(body, outputs="float[1,6,1,1] y"):
    text = f"g (float[1,4,3,3] x, float[1,4,2,2] u) => ({outputs}) {{ {body} }}"
    used = {name: value for name, value in CONSTANTS.items() if f" {name})" in text or f" {name}," in text}
    return check_mil(text_graph(text, used), FEED)


def test_join_of_means():
    """No Reshape is left."""
    assert _found(f"{MEANS} {LAYER} y = Reshape (r, z)") == {
        "reduce_mean": 2,
        "concat": 1,
        "conv": 1,
        "relu": 1,
    }


def test_vector_in_the_end():
    """What leaves as a vector is one throughout."""
    found = _found(f"{MEANS} {LAYER} y = Abs (r)", "float[1,6] y")
    assert found == {"reduce_mean": 2, "concat": 1, "linear": 1, "relu": 1, "abs": 1}


def test_mean_that_others_read():
    """A vector that is an output too is not made a cell."""
    found = _found(f"{MEANS} {LAYER} y = Reshape (r, z)", "float[1,6,1,1] y, float[1,4] f")
    assert (found["reduce_mean"], found["reshape"], found["linear"]) == (2, 1, 1)


@pytest.mark.parametrize(("lines", "left"), [
    ("f = Sqrt (h) g = Sqrt (i)", {"sqrt": 1}),
    ("k = Add (h, e) o = Add (i, e) f = Sqrt (k) g = Sqrt (o)", {"sqrt": 1, "add": 1}),
    ("f = Sqrt (h) g = Abs (i)", {"sqrt": 1, "abs": 1}),
    ("k = Add (h, e) f = Sqrt (k) g = Sqrt (i)", {"sqrt": 1, "add": 1}),
])  # fmt: skip
def test_the_same_side_by_side(lines, left):
    """Joined first, then computed at once; different operators stay apart."""
    means = "n = Abs (x) h = ReduceMean<keepdims=0> (n, m) i = ReduceMean<keepdims=0> (u, m)"
    found = _found(f"{means} {lines} {LAYER} y = Reshape (r, z)")
    rest = {"reduce_mean": 2, "concat": 1, "conv": 1, "relu": 1}
    assert found == {**rest, **left, "abs": 1 + left.get("abs", 0)}


def test_layers_of_one_vector():
    """A vector that is fed becomes a cell once, however many layers read it."""
    text = (
        "g (float[1,8] x) => (float[1,6,1,1] y) { a = Gemm<transB=1> (x, w, b) c = Reshape (a, z)"
        " d = Gemm<transB=1> (x, v) f = Reshape (d, z) y = Mul (c, f) }"
    )
    constants = {"w": CONSTANTS["w"], "b": CONSTANTS["b"], "v": noise(6, 8, seed=5), "z": CONSTANTS["z"]}
    found = check_mil(text_graph(text, constants), {"x": noise(1, 8)})
    assert found == {"reshape": 1, "conv": 2, "mul": 1}


def test_maps_side_by_side():
    """Activations of maps stay with their convolutions."""
    text = (
        "g (float[1,4,3,3] x) => (float[1,8,3,3] y) { a = Abs (x) b = Neg (x) c = Relu (a) d = Relu (b)"
        " y = Concat<axis=1> (c, d) }"
    )
    assert check_mil(text_graph(text), {"x": noise(1, 4, 3, 3)})["relu"] == 2
