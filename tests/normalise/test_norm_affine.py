"""Factors and offsets behind a norm are its scale and bias; what cannot be, stays."""

import numpy as np
import pytest

from tests.normalise.support import model, normalised, ops

RNG = np.random.default_rng(0)
VALUES = {
    "g": np.ones(4, np.float32),
    "z": np.zeros(4, np.float32),
    "k": RNG.uniform(0.5, 2, (1, 4, 1, 1)).astype(np.float32),
    "row": RNG.uniform(0.5, 2, 6).astype(np.float32),
    "map": RNG.uniform(0.5, 2, (1, 4, 6, 6)).astype(np.float32),
    "five": np.ones((1, 1, 1, 1, 1), np.float32) * 2,
}
NORM = "n = InstanceNormalization (x, g, z) "


@pytest.mark.parametrize(
    "last", ["Mul (n, k)", "Mul (k, n)", "Div (n, k)", "Add (k, n)", "Sub (n, k)", "Mul (n, row)"]
)
def test_into_the_norm(last):
    """From either side where that is the same."""
    assert ops(normalised(model(f"{NORM} m = {last} y = Sigmoid (m)"), **VALUES)) == ["Normalize", "Sigmoid"]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("m = Div (k, n) y = Sigmoid (m)", ["Normalize", "Div", "Sigmoid"]),
        ("m = Sub (k, n) y = Sigmoid (m)", ["Normalize", "Sub", "Sigmoid"]),
        ("m = Mul (n, k) s = Sigmoid (n) y = Add (m, s)", ["Normalize", "Mul", "Sigmoid", "Add"]),
        ("m = Mul (n, n) y = Sigmoid (m)", ["Normalize", "Mul", "Sigmoid"]),
        ("a = Abs (x) m = Mul (n, a) y = Sigmoid (m)", ["Abs", "Normalize", "Mul", "Sigmoid"]),
    ],
    ids=["reciprocal", "negated", "read twice", "square", "a map of run time"],
)
def test_stays_behind_the_norm(body, left):
    """What is subtracted from or divided by the norm, its other readers, and maps as large as its own."""
    assert sorted(ops(normalised(model(NORM + body), **VALUES))) == sorted(left)


def test_a_higher_rank_stays():
    """A factor of more axes than the map gives a result of more axes."""
    text = model(f"{NORM} y = Mul (n, five)", out="1,1,4,6,6")
    assert ops(normalised(text, **VALUES)) == ["Normalize", "Mul"]
