"""Transposes and Reshapes around operators that have an equal without them disappear; others stay."""

import numpy as np
import pytest

from tests.normalise.support import model, normalised, ops

THERE, BACK = "t = Transpose <perm = [0,2,3,1]> (x)", "y = Transpose <perm = [0,3,1,2]> (o)"
VALUES = {"c": np.arange(4, dtype=np.float32), "w": np.ones((4, 4), np.float32)}


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("m = Mul (t, c) o = Softmax <axis = -1> (m)", ["Mul", "Softmax"]),
        ("o = MatMul (t, w)", ["Conv"]),
        ("a = Sigmoid (t) o = Concat <axis = 1> (a, t)", ["Sigmoid", "Concat"]),
    ],
)
def test_without_transposes(body, left):
    """Constants, axes and weights follow."""
    out = "1,4,12,6" if "Concat" in body else "1,4,6,6"
    result = normalised(model(f"{THERE} {body} {BACK}", out=out), **VALUES)
    assert ops(result) == left
    assert any(each.kind == "Transpose sandwich" for each in result.recognised)


def test_what_has_no_equal_stays():
    """A MaxPool between them pools over other axes."""
    body = f"{THERE} o = MaxPool <kernel_shape = [1,1], strides = [2,1]> (t) {BACK}"
    assert ops(normalised(model(body, out="1,4,3,6"))).count("Transpose") == 2


def test_a_single_way_is_no_sandwich():
    """One Transpose cannot be saved by moving it."""
    assert ops(normalised(model(f"{THERE} y = Sigmoid (t)", out="1,6,6,4"))).count("Transpose") == 1
