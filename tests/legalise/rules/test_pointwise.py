"""Gelu and HardSwish in the spellings of exporters, and what only looks like them."""

import re

import numpy as np
import pytest

from tests.legalise.support import check, noise, text_graph

CONSTANTS = {
    "r2": np.float32(2**0.5), "r05": np.float32(0.5**0.5), "one": np.float32(1), "half": np.float32(0.5),
    "two": np.float32(2), "three": np.float32(3), "six": np.float32(6), "zero": np.float32(0),
    "cubic": np.float32(0.044715), "root": np.float32((2 / np.pi) ** 0.5), "wrong": np.float32(0.6),
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
    "s = Mul (x, half) d = Div (x, r2) e = Erf (d) m = Mul (s, e) a = Add (m, s) z = Mul (a, two) y = Mul (z, half)",
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


TANH = [
    """q = Pow (x, three) k = Mul (q, cubic) s = Add (x, k) u = Mul (s, root) t = Tanh (u) a = Add (t, one)
    m = Mul (x, a) y = Mul (m, half)""",
    """q = Mul (x, x) k = Mul (q, cubic) o = Add (k, one) w = Mul (x, o) u = Mul (w, root) t = Tanh (u)
    a = Add (one, t) h = Mul (half, x) y = Mul (h, a)""",
]


@pytest.mark.parametrize("body", TANH)
def test_tanh_spelling(body):
    """The approximation by tanh is TFLite's approximate Gelu, not the exact one."""
    assert check(graph(body), {"i": noise(3, 5)}, atol=1e-5) == ["Neg", "Gelu"]


HARD = [
    "a = Add (x, three) c = Clip (a, zero, six) m = Mul (x, c) y = Div (m, six)",
    "a = Add (x, three) c = Clip (a, zero, six) d = Div (c, six) y = Mul (x, d)",
    "h = HardSigmoid <alpha=0.16666667, beta=0.5> (x) y = Mul (h, x)",
]


@pytest.mark.parametrize("body", HARD)
def test_hard_swish_spelling(body):
    """MobileNetV3 before opset 14."""
    assert check(graph(body), {"i": noise(3, 5) * 4}, atol=1e-5) == ["Neg", "HardSwish"]


def test_a_steeper_hard_sigmoid_is_no_hard_swish():
    """An alpha of 0.2 is HardSigmoid's own default."""
    assert "HardSwish" not in check(graph("h = HardSigmoid (x) y = Mul (h, x)"), {"i": noise(3, 5) * 4})


def test_a_product_read_twice_keeps_its_value():
    """Values between that others read are still computed."""
    text = """g (float[3,5] x) => (float y, float z) {
      d = Div (x, r2) e = Erf (d) a = Add (e, one) m = Mul (x, a) y = Mul (m, half) z = Relu (m)
    }"""
    used = {name: CONSTANTS[name] for name in ("r2", "one", "half")}
    assert "Relu" in check(text_graph(text, used), {"x": noise(3, 5)}, atol=1e-5)
