"""What changes nothing goes; what looks like it and does change something stays."""

import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.normalise.support import model, normalised, ops

REMOVED = [
    "m = Identity (x)",
    "m = Dropout (x)",
    "m = Cast <to = 1> (x)",
    "m = Transpose <perm = [0,1,2,3]> (x)",
    "s = Constant <value_ints = [1,4,6,6]> () m = Reshape (x, s)",
    "s = Constant <value_ints = [4,36]> () t = Constant <value_ints = [1,4,6,6]> () k = Reshape (x, s) m = Reshape (k, t)",
    "k = Transpose <perm = [0,2,3,1]> (x) m = Transpose <perm = [0,3,1,2]> (k)",
    "p = Constant <value_ints = [0,0,0,0,0,0,0,0]> () m = Pad (x, p)",
    "m = Concat <axis = 1> (x)",
    "z = Constant <value_ints = [0]> () e = Constant <value_ints = [99]> () a = Constant <value_ints = [2]> () m = Slice (x, z, e, a)",
    "c = Constant <value_float = 1.0> () m = Mul (c, x)",
    "c = Constant <value_float = 0.0> () m = Add (x, c)",
    "c = Constant <value_float = 0.0> () m = Sub (x, c)",
    "c = Constant <value_float = 1.0> () m = Div (x, c)",
    "c = Constant <value_float = 1.0> () m = Pow (x, c)",
    's = Constant <value_floats = [1.0,1.0,1.0,1.0]> () m = Resize <mode = "nearest"> (x, , s)',
    "r = Constant <value_ints = [1,1,1,1]> () m = Tile (x, r)",
    "m = Max (x)",
    "m = Sum (x)",
    "m = Clip (x)",
    "m = MaxPool <kernel_shape = [1,1]> (x)",
    "m = ReduceMean <axes = [0], keepdims = 1> (x)",
]


@pytest.mark.parametrize("body", REMOVED)
def test_removed(body):
    """Only the Relu behind it is left."""
    assert ops(normalised(model(body + " y = Relu (m)"))) == ["Relu"]


KEPT = [
    ("Transpose", "m = Transpose <perm = [0,1,3,2]> (x)"),
    (
        "Slice",
        "z = Constant <value_ints = [-1]> () e = Constant <value_ints = [-99]> () a = Constant <value_ints = [2]> () m = Slice (x, z, e, a, z)",
    ),
    ("Sub", "c = Constant <value_float = 0.0> () m = Sub (c, x)"),
    ("Div", "c = Constant <value_float = 1.0> () m = Div (c, x)"),
    ("Mul", "c = Constant <value_float = 1.5> () m = Mul (c, x)"),
    ("MaxPool", "m = MaxPool <kernel_shape = [3,3], pads = [1,1,1,1]> (x)"),
    ("Clip", "c = Constant <value_float = 0.0> () m = Clip (x, c)"),
]


@pytest.mark.parametrize(("op", "body"), KEPT)
def test_kept(op, body):
    """The negative twins."""
    assert ops(normalised(model(body + " y = Relu (m)"))) == [op, "Relu"]


def test_dropout_in_training_mode_is_refused():
    """It would be random."""
    body = "r = Constant <value_float = 0.5> () t = Constant <value = bool {1}> () y = Dropout (x, r, t)"
    with pytest.raises(UnsupportedOperatorError, match="Dropout in training mode"):
        normalised(model(body))


def test_an_output_that_is_an_input_keeps_an_identity():
    """Nothing else can say it."""
    assert ops(normalised(model("y = Identity (x)"))) == ["Identity"]
