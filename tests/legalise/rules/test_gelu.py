"""Gelu in the spellings of exporters, and what only looks like it."""

import re

import numpy as np
import pytest

from tests.legalise.support import check, noise, text_graph

CONSTANTS = {
    "r2": np.float32(2**0.5), "r05": np.float32(0.5**0.5), "one": np.float32(1), "half": np.float32(0.5),
    "two": np.float32(2), "wrong": np.float32(0.6),
}  # fmt: skip


def graph(body):
    """A graph whose input is the Relu ``x`` of something, so that it is no graph input."""
    words = re.split(r"[ ,()]+", body)
    used = {name: value for name, value in CONSTANTS.items() if name in words}
    return text_graph(f"g (float[3,5] i) => (float y) {{ x = Neg (i) {body} }}", used)


SPELLINGS = [
    "d = Div (x, r2) e = Erf (d) a = Add (e, one) m = Mul (x, a) y = Mul (m, half)",
    "d = Mul (x, r05) e = Erf (d) a = Add (one, e) h = Mul (half, x) y = Mul (a, h)",
    "d = Mul (r05, x) e = Erf (d) a = Add (e, one) h = Mul (a, half) y = Mul (x, h)",
    "h = Div (x, two) d = Div (x, r2) e = Erf (d) a = Add (e, one) y = Mul (h, a)",
]


@pytest.mark.parametrize("body", SPELLINGS)
def test_spelling(body):
    """Each is one Gelu."""
    assert check(graph(body), {"i": noise(3, 5)}, atol=1e-5) == ["Neg", "Gelu"]


@pytest.mark.parametrize(
    "body",
    [
        SPELLINGS[0].replace("half", "wrong"),
        SPELLINGS[0].replace("r2", "two"),
        SPELLINGS[0].replace("Erf", "Tanh"),
        "d = Div (x, r2) e = Erf (d) a = Add (e, one) z = Abs (x) m = Mul (z, a) y = Mul (m, half)",
    ],
)
def test_what_is_not_a_gelu(body):
    """Another factor, another function, another operand."""
    assert "Gelu" not in check(graph(body), {"i": noise(3, 5)}, atol=1e-5)


def test_a_product_read_twice_keeps_its_value():
    """Values between that others read are still computed."""
    text = """g (float[3,5] x) => (float y, float z) {
      d = Div (x, r2) e = Erf (d) a = Add (e, one) m = Mul (x, a) y = Mul (m, half) z = Relu (m)
    }"""
    used = {name: CONSTANTS[name] for name in ("r2", "one", "half")}
    assert "Relu" in check(text_graph(text, used), {"x": noise(3, 5)}, atol=1e-5)
