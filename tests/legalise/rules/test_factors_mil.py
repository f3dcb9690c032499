"""A number multiplies the cell, not the map; constants in a row are one factor."""

import numpy as np
import pytest

from mobilekit.legalise.pipeline import legalise
from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph


def _found(body, cell="float[1,1,1,1] s", outputs="float[1,4,3,3] y", number=0.25):
    text = f"g (float[1,4,3,3] x, {cell}) => ({outputs}) {{ {body} }}"
    shape = tuple(int(size) for size in cell[6 : cell.index("]")].split(","))
    graph = text_graph(text, {"c": np.float32(number)})
    feed = {"x": noise(1, 4, 3, 3), "s": noise(*shape, seed=1)}
    legal = legalise(graph, profile="coreml", samples=[feed]).graph
    check_mil(graph, feed)
    return [legal.proto().graph.node[0].input[0], len(legal.proto().graph.node)]


@pytest.mark.parametrize("body", ["m = Mul (x, s) y = Mul (m, c)", "m = Mul (s, x) y = Mul (c, m)"])
def test_on_the_cell(body):
    """In either order."""
    assert _found(body) == ["s", 2]


def test_as_large():
    """A map times a map."""
    assert _found("m = Mul (x, s) y = Mul (m, c)", "float[1,4,3,3] s") == ["x", 2]


def test_read_in_between():
    """The product is an output itself."""
    assert _found("m = Mul (x, s) y = Mul (m, c)", outputs="float[1,4,3,3] y, float[1,4,3,3] m") == ["x", 2]


def _operators(body, outputs="float[3,4] y", **constants):
    text = f"g (float[3,4] x) => ({outputs}) {{ {body} }}"
    return check_mil(text_graph(text, constants), {"x": noise(3, 4)})


@pytest.mark.parametrize(
    "body",
    ["m = Mul (x, a) y = Div (m, b)", "m = Div (x, a) y = Mul (b, m)", "m = Div (x, a) y = Div (m, b)"],
)
def test_constants_in_a_row(body):
    """Products and quotients."""
    assert _operators(body, a=np.abs(noise(3, 4, seed=1)) + 1, b=np.float32(2)) == {"mul": 1}


@pytest.mark.parametrize(("a", "b"), [(1e30, 1e30), (1e-30, 1e-30), (0.0, 2.0)])
def test_factors_beyond_the_range(a, b):
    """What one factor cannot be stays two."""
    assert _operators("m = Mul (x, a) y = Mul (m, b)", a=np.float32(a), b=np.float32(b)) == {"mul": 2}


def test_factors_of_rows_and_columns():
    """Their product would be a map."""
    assert _operators("m = Mul (x, a) y = Mul (m, b)", a=noise(3, 1), b=noise(4)) == {"mul": 2}


@pytest.mark.parametrize("body", ["m = Div (a, x) y = Mul (m, b)", "m = Mul (x, a) y = Div (b, m)"])
def test_divisors(body):
    """A constant that is divided is no factor."""
    assert _operators(body, a=np.float32(3), b=np.float32(2)) == {"mul": 1, "real_div": 1}


def test_product_that_others_read():
    """It is computed anyhow."""
    outputs = "float[3,4] y, float[3,4] m"
    assert _operators("m = Mul (x, a) y = Mul (m, b)", outputs, a=np.float32(3), b=np.float32(2)) == {
        "mul": 2
    }
