"""Views in a row are one; what moves elements, or is read in between, is not a view."""

import numpy as np
import pytest

from tests.normalise.support import constants_of, model, normalised, ops

VALUES = {
    "flat": np.array([1, 4, 36]),
    "back": np.array([1, 4, 6, 6]),
    "kept": np.array([0, 0, -1]),
    "a": np.array([0]),
}


@pytest.mark.parametrize(
    "body",
    [
        "v = Reshape (r, flat)",
        "u = Reshape (r, back) v = Reshape (u, kept)",
        "u = Unsqueeze (r, a) w = Squeeze (u, a) v = Reshape (w, flat)",
        "u = Flatten <axis = 1> (r) v = Reshape (u, flat)",
    ],
)
def test_one_reshape(body):
    """With its whole shape written out."""
    result = normalised(model(f"r = Relu (x) {body} y = Softmax <axis = 2> (v)", out="1,4,36"), **VALUES)
    assert ops(result) == ["Relu", "Reshape", "Softmax"]
    assert [1, 4, 36] in [v.tolist() for v in constants_of(result).values()]


@pytest.mark.parametrize(
    ("perms", "left"),
    [
        (("[0,2,3,1]", "[0,3,1,2]"), 0),
        (("[0,2,3,1]", "[0,1,3,2]"), 1),
        (("[0,2,3,1]", "[0,2,3,1]"), 1),
    ],
)
def test_transposes_in_a_row(perms, left):
    """Opposite ones are none, others are one."""
    one, other = perms
    body = f"r = Relu (x) t = Transpose <perm = {one}> (r) u = Transpose <perm = {other}> (t) y = CumSum (u, three)"
    result = normalised(model(body, out="1,a,b,c"), three=np.array(3))
    assert ops(result).count("Transpose") == left


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (
            "t = Transpose <perm = [0,2,1,3]> (r) v = Reshape (t, flat)",
            ["Relu", "Transpose", "Reshape", "Softmax"],
        ),
        (
            "v = Reshape (r, flat) w = CumSum (v, two) z = Reshape (w, flat)",
            ["Relu", "Reshape", "CumSum", "Softmax"],
        ),
    ],
)
def test_what_is_no_row(body, left):
    """A Transpose moves elements; an operator that has no equal in the other shape stands between two views."""
    last = "z" if "z =" in body else "v"
    text = model(f"r = Relu (x) {body} y = Softmax <axis = 2> ({last})", out="1,4,36")
    assert ops(normalised(text, two=np.array(2), **VALUES)) == left
