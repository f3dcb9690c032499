"""Equal computations and constants are kept once, random ones and outputs are not merged."""

from tests.normalise.support import constants_of, model, normalised, ops


def test_equal_nodes_and_constants_are_merged():
    """Two convolutions by equal weights of the same value are one."""
    body = """
        a = Constant <value_floats = [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]> ()
        b = Constant <value_floats = [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]> ()
        p = Mul (x, a) q = Mul (x, b) y = Add (p, q)
    """
    result = normalised(model(body))
    assert ops(result) == ["Mul", "Add"]
    assert len(constants_of(result)) == 1


def test_other_attributes_are_another_computation():
    """LeakyRelus of different slopes stay two."""
    body = "p = LeakyRelu <alpha = 0.1> (x) q = LeakyRelu <alpha = 0.2> (x) y = Add (p, q)"
    assert ops(normalised(model(body))) == ["LeakyRelu", "LeakyRelu", "Add"]
