"""Factors and offsets in a row become one of each; shorter rows and other operators stay."""

import numpy as np
import pytest

from tests.normalise.support import constants_of, model, normalised, ops

F, G = np.float32(255), np.array([0.2, 0.3, 0.4, 0.5], np.float32).reshape(4, 1, 1)
W = np.random.default_rng(0).normal(size=(4, 4, 3, 3)).astype(np.float32)
VALUES = {"f": np.array(F), "g": G, "h": G + 1, "w": W}
PADDED = "Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]>"


def _ops(body, **more):
    return ops(normalised(model(f"r = Abs (x) {body}"), **VALUES, **more))


@pytest.mark.parametrize(
    "body",
    [
        "a = Div (r, f) b = Sub (a, g) c = Div (b, h) y = Sigmoid (c)",
        "a = Mul (r, f) b = Add (a, g) c = Mul (b, h) d = Sub (g, c) y = Sigmoid (d)",
    ],
)
def test_one_factor_and_one_offset(body):
    """Whatever their order, from either side."""
    assert _ops(body) == ["Abs", "Mul", "Add", "Sigmoid"]


def test_factors_alone_have_no_offset():
    """Three factors are one."""
    assert _ops("a = Mul (r, f) b = Div (a, g) c = Mul (b, h) y = Sigmoid (c)") == ["Abs", "Mul", "Sigmoid"]


def test_before_a_padding_convolution_the_offset_stays():
    """The factor goes into the weights, the offset is divided by it."""
    result = normalised(model(f"r = Abs (x) a = Div (r, f) b = Sub (a, g) y = {PADDED} (b, w)"), **VALUES)
    assert ops(result) == ["Abs", "Add", "Conv"]
    offset = next(v for v in constants_of(result).values() if v.shape == (1, 4, 1, 1))
    np.testing.assert_allclose(offset.reshape(4, 1, 1), -G * F, rtol=1e-6)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("a = Mul (r, f) b = Add (a, g) y = Sigmoid (b)", ["Mul", "Add", "Sigmoid"]),
        (
            "a = Mul (r, f) b = Add (a, g) c = Mul (b, h) d = Sigmoid (c) y = Mul (d, b)",
            ["Mul", "Add", "Mul", "Sigmoid", "Mul"],
        ),
        ("a = Mul (r, f) b = Add (a, r) c = Mul (b, h) y = Sigmoid (c)", ["Mul", "Add", "Mul", "Sigmoid"]),
        ("a = Mul (r, f) b = Div (g, a) c = Mul (b, h) y = Sigmoid (c)", ["Mul", "Div", "Mul", "Sigmoid"]),
        (f"a = Add (r, g) y = {PADDED} (a, w)", ["Add", "Conv"]),
        (f"a = Mul (r, big) b = Add (a, g) y = {PADDED} (b, w)", ["Mul", "Add", "Conv"]),
        (f"a = Mul (r, zero) b = Add (a, g) y = {PADDED} (b, w)", ["Mul", "Add", "Conv"]),
    ],
    ids=["two", "read inside", "not constant", "reciprocal", "offset", "along rows", "zero"],
)
def test_what_stays(body, left):
    """Two are no row; neither are those with a reader between; no weights take a factor of another axis or zero."""
    more = {"big": np.arange(1, 7, dtype=np.float32), "zero": G * [[[0]], [[1]], [[1]], [[1]]]}
    more["zero"] = more["zero"].astype(np.float32)
    assert _ops(body, **more) == ["Abs", *left]


def test_integers_stay():
    """Their sums wrap, their divisions round."""
    text = """<ir_version: 8, opset_import: ["": 17]> g (int32[1,4] x) => (int32[1,4] y) {
        a = Mul (x, k) b = Add (a, k) c = Div (b, k) y = Sub (c, x) }"""
    assert ops(normalised(text, k=np.array([3, 5, 7, 9], np.int32))) == ["Mul", "Add", "Div", "Sub"]
