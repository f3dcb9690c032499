"""Gelu and HardSwish in the spellings of exporters, and what only looks like them."""

import re

import numpy as np
import pytest

from tests.normalise.support import model, normalised, ops

CONSTANTS = {
    "r2": np.float32(2**0.5), "r05": np.float32(0.5**0.5), "one": np.float32(1), "half": np.float32(0.5),
    "two": np.float32(2), "three": np.float32(3), "six": np.float32(6), "zero": np.float32(0),
    "cubic": np.float32(0.044715), "root": np.float32((2 / np.pi) ** 0.5), "wrong": np.float32(0.6),
}  # fmt: skip


def found(body):
    """The operators of a model in which ``x``, the negative of the input, goes through ``body``."""
    words = re.split(r"[ ,()]+", body)
    used = {name: np.asarray(value) for name, value in CONSTANTS.items() if name in words}
    text = model(f"x = Neg (i) {body}", shape="3,5").replace("[3,5] x)", "[3,5] i)")
    return ops(normalised(text, **used))


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
    assert found(body) == ["Neg", "Gelu"]


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
    assert "Gelu" not in found(body)


TANH = [
    """q = Pow (x, three) k = Mul (q, cubic) s = Add (x, k) u = Mul (s, root) t = Tanh (u) a = Add (t, one)
    m = Mul (x, a) y = Mul (m, half)""",
    """q = Mul (x, x) k = Mul (q, cubic) o = Add (k, one) w = Mul (x, o) u = Mul (w, root) t = Tanh (u)
    a = Add (one, t) h = Mul (half, x) y = Mul (h, a)""",
]


@pytest.mark.parametrize("body", TANH)
def test_tanh_spelling(body):
    """The approximation by tanh is TFLite's approximate Gelu, not the exact one."""
    assert found(body) == ["Neg", "Gelu"]


HARD = [
    "a = Add (x, three) c = Clip (a, zero, six) m = Mul (x, c) y = Div (m, six)",
    "a = Add (x, three) c = Clip (a, zero, six) d = Div (c, six) y = Mul (x, d)",
    "h = HardSigmoid <alpha=0.16666667, beta=0.5> (x) y = Mul (h, x)",
]


@pytest.mark.parametrize("body", HARD)
def test_hard_swish_spelling(body):
    """MobileNetV3 before opset 14."""
    assert found(body) == ["Neg", "HardSwish"]


def test_a_steeper_hard_sigmoid_is_no_hard_swish():
    """An alpha of 0.2 is HardSigmoid's own default."""
    assert "HardSwish" not in found("h = HardSigmoid (x) y = Mul (h, x)")


def test_a_product_read_twice_keeps_its_value():
    """Values between that others read are still computed."""
    body = "d = Div (x, r2) e = Erf (d) a = Add (e, one) m = Mul (x, a) h = Mul (m, half) z = Relu (m) y = Add (h, z)"
    assert {"Relu", "Mul"} <= set(found(body))


@pytest.mark.parametrize(
    ("body", "operator"),
    [
        ("t = Constant <value_float = 0.0000001> () y = Max (x, t)", "Relu"),
        ("t = Constant <value_float = 0.00000001> () y = Add (x, t)", "LeakyRelu"),
        (
            "b = Constant <value_float = 10.0> () n = Neg (b) c = Clip (x, n, b) s = Sigmoid (c) y = Mul (x, s)",
            "Sigmoid2",
        ),
    ],
)
def test_what_only_looks_alike_near_zero(body, operator):
    """A guard before a division, a number added, a clip far out: kept."""
    result = normalised(model(body))
    assert operator not in ops(result)
    assert not [r for r in result.recognised if "written out" in r.kind]


def test_spellings_that_differ_in_a_constant_are_told_apart():
    """What was found once is found again, and not in the same nodes with another number."""
    gelu = "{0}d = Div (x, r2) {0}e = Erf ({0}d) {0}a = Add ({0}e, one) {0}m = Mul (x, {0}a) {0}y = Mul ({0}m, {1})"
    body = " ".join([gelu.format("p", "half"), gelu.format("q", "wrong"), gelu.format("r", "half")])
    operators = found(f"{body} m = Mul (py, qy) y = Add (m, ry)")
    assert sorted(op for op in operators if op in ("Gelu", "Erf")) == ["Erf", "Gelu"]
