"""Factors reach the layer before them past what they may pass; others stay where they are."""

import numpy as np
import pytest

from tests.normalise.support import model, normalised, ops

CONV = "c = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (x, w) "
SHAPES = {"flat": np.array([1, 4, 36]), "back": np.array([1, 4, 6, 6])}
W = {"w": np.random.default_rng(0).normal(size=(4, 4, 3, 3)).astype(np.float32), **SHAPES}
TWO = {"k": np.array(2.0, np.float32)}
CHANNELS = {"k": np.array([0.5, 1, 2, 3], np.float32).reshape(1, 4, 1, 1)}
NEGATIVE = {"k": np.array([0.5, -1, 2, 3], np.float32).reshape(1, 4, 1, 1)}
ZERO = {"k": np.array([0.5, 0, 2, 3], np.float32).reshape(1, 4, 1, 1)}
SLOPE = {"p": np.array([0.1, 0.2, -0.3, 0.4], np.float32).reshape(4, 1, 1)}
TERM = {"t": np.random.default_rng(1).normal(size=(6, 6)).astype(np.float32)}
MASK = {"t": np.full((6, 6), np.finfo(np.float32).min)}


@pytest.mark.parametrize(
    ("between", "constants"),
    [
        ("r = Relu (c) y = Mul (r, k)", TWO),
        ("r = Relu (c) y = Mul (k, r)", CHANNELS),
        ("r = Relu (c) y = Div (r, k)", CHANNELS),
        ("r = LeakyRelu <alpha = 0.1> (c) y = Mul (r, k)", CHANNELS),
        ("r = PRelu (c, p) y = Mul (r, k)", {**CHANNELS, **SLOPE}),
        ("s = Reshape (c, flat) r = Relu (s) m = Mul (r, k) y = Reshape (m, back)", TWO),
        ("r = Add (t, c) y = Mul (r, k)", {**TWO, **TERM}),
        ("r = Add (c, t) e = Relu (r) y = Mul (e, k)", {**TWO, **TERM}),
    ],
)
def test_passes(between, constants):
    """Relus and their kin let positive factors pass, reshapes and constant terms a single one."""
    result = normalised(model(CONV + between), **W, **constants)
    assert not {"Mul", "Div"} & set(ops(result))
    assert "factor into the weights" in {each.kind for each in result.recognised}


@pytest.mark.parametrize(
    ("between", "constants"),
    [
        ("r = Relu (c) y = Mul (r, k)", NEGATIVE),
        ("r = Relu (c) y = Mul (r, k)", ZERO),
        ("r = Relu (c) y = Mul (r, k)", {"k": np.array(-2.0, np.float32)}),
        ("r = Sigmoid (c) y = Mul (r, k)", TWO),
        ("r = Elu (c) y = Mul (r, k)", TWO),
        ("r = Clip (c, k, k) y = Mul (r, k)", TWO),
        ("r = Relu (c) m = Mul (r, k) y = Add (m, r)", TWO),
        ("r = Relu (c) m = Mul (r, k) y = Add (m, c)", TWO),
        ("r = Add (c, x) y = Mul (r, k)", TWO),
        ("r = Add (c, t) y = Mul (r, k)", {**CHANNELS, **TERM}),
        ("r = Relu (x) y = Mul (r, k)", TWO),
        ("r = Relu (c) y = Mul (r, k)", {"k": np.arange(1, 7, dtype=np.float32)}),
    ],
)
def test_does_not_pass(between, constants):
    """Negative factors and zeros, other curves, values read elsewhere, no layer, other axes."""
    result = normalised(model(CONV + between), **W, **constants)
    assert "Mul" in ops(result) or "Clip" in ops(result)
    assert "factor into the weights" not in {each.kind for each in result.recognised}


def test_a_product_of_matrices_takes_what_is_behind_its_heads():
    """Attention scales its queries: past the bias, the split into heads and the Transpose."""
    body = """m = MatMul (x, w) a = Add (m, b) r = Reshape (a, heads) t = Transpose <perm = [0, 2, 1, 3]> (r)
        s = Mul (t, k) y = Softmax <axis = 3> (s)"""
    constants = {
        "w": np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32),
        "b": np.arange(8, dtype=np.float32),
        "k": np.array([0.5], np.float32),
        "heads": np.array([1, 5, 2, 4]),
    }
    result = normalised(model(body, shape="1,5,8", out="1,2,5,4"), **constants)
    assert ops(result) == ["MatMul", "Add", "Reshape", "Transpose", "Softmax"]


def test_a_mask_of_the_lowest_number():
    """Times two it is minus infinity, inside the term as behind it."""
    body = CONV + "a = Add (c, t) r = Mul (a, k) y = Softmax <axis = 3> (r)"
    mask = {"t": np.triu(MASK["t"], 1)}
    assert "Mul" not in ops(normalised(model(body), **W, **TWO, **mask))
