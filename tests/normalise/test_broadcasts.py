"""Expand goes where broadcasting does its work, and stays where it shapes the output."""

from tests.normalise.support import model, normalised, ops


def test_an_expand_to_the_shape_of_the_other_operand():
    """The reference implementation of AdaIN writes its statistics so."""
    body = (
        "u = GlobalAveragePool (x) s = Shape (x) e = Expand (u, s) d = Sub (x, e) q = Mul (d, d) v = GlobalAveragePool (q) "
        "k = Constant <value_float = 0.01> () w = Add (v, k) r = Sqrt (w) f = Expand (r, s) y = Div (d, f)"
    )
    assert ops(normalised(model(body))) == ["Normalize"]


def test_an_expand_that_shapes_the_output_stays():
    """Both operands are smaller than the result."""
    body = "u = GlobalAveragePool (x) a = Abs (u) s = Constant <value_ints = [1,4,6,6]> () e = Expand (u, s) y = Add (e, a)"
    assert ops(normalised(model(body))) == ["GlobalAveragePool", "Abs", "Expand", "Add"]
