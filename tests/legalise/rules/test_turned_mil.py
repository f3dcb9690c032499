"""Values turned by turning what computes them; nothing is computed twice."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph

HEAD = "g (float[1,6,4,5] x) => (float[1,6,4,5] y) { a = Transpose<perm=[0,2,3,1]> (x)"
TAIL = "y = Transpose<perm=[0,3,1,2]> (b) }"
CONSTANTS = {
    "c": noise(6, seed=1), "w": noise(6, 6, seed=2), "rows": np.array([20, 6]), "map": np.array([1, 4, 5, 6]),
    "axis": np.array([3]), "low": np.float32(-0.5),
}  # fmt: skip
BETWEEN = {
    "b = Sigmoid (a)": {"sigmoid": 1},
    "b = Add (a, c)": {"add": 1},
    "p = Abs (a) q = Sqrt (p) b = Mul (c, q)": {"abs": 1, "sqrt": 1, "mul": 1},
    "b = Softmax <axis=-1> (a)": {"softmax": 1},
    "b = Clip (a, low)": {"maximum": 1},
    "m = ReduceMean (a, axis) e = Exp (m) b = Mul (e, c)": {"reduce_mean": 1, "exp": 1, "mul": 1},
    "b = MatMul (a, w)": {"conv": 1},
    "r = Reshape (a, rows) p = MatMul (r, w) b = Reshape (p, map)": {"conv": 1},
}


def _found(text):
    used = {k: v for k, v in CONSTANTS.items() if f" {k})" in text or f"({k}," in text}
    return check_mil(text_graph(text, used), {"x": noise(1, 6, 4, 5)})


@pytest.mark.parametrize("line", BETWEEN)
def test_between_two_transposes(line):
    """What computes along the channels computes where they lie."""
    assert _found(f"{HEAD} {line} {TAIL}") == BETWEEN[line]


def test_value_read_twice_is_not_computed_twice():
    """The Transposes stay where doing without would compute something in both orders."""
    text = f"{HEAD} p = Sigmoid (a) b = Mul (p, c) q = Slice (p, one, two, three) z = Relu (q) {TAIL}"
    text = text.replace("float[1,6,4,5] y)", "float[1,6,4,5] y, float[1,4,5,1] z)")
    constants = {"c": CONSTANTS["c"], "one": np.array([1]), "two": np.array([2]), "three": np.array([3])}
    found = check_mil(text_graph(text, constants), {"x": noise(1, 6, 4, 5)})
    assert (found["sigmoid"], found["transpose"]) == (1, 2)


def test_reshape_that_mixes_axes():
    """Rows of another length are no channels: both Transposes are needed."""
    text = f"{HEAD} b = Reshape (a, map) {TAIL}".replace("float[1,6,4,5] y", "float[1,5,6,4] y")
    found = check_mil(text_graph(text, {"map": np.array([1, 6, 4, 5])}), {"x": noise(1, 6, 4, 5)})
    assert found == {"transpose": 2, "reshape": 1}
