"""x · number + number is one operator; with tensors, or read in between, it is two."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph

CONSTANTS = {"a": np.float32(-1.7), "b": np.full((1, 1), 0.3, np.float32), "t": noise(4, seed=1)}


def _found(body, outputs="float[3,4] y", precision="fp32", tolerance=1e-5):
    text = f"g (float[3,4] x) => ({outputs}) {{ {body} }}"
    used = {k: v for k, v in CONSTANTS.items() if any(f"{c}{k}{d}" in text for c in " (" for d in "),")}
    feed = {"x": noise(3, 4)}
    return check_mil(text_graph(text, used), feed, precision=precision, tolerance=tolerance)


@pytest.mark.parametrize("second", ["Add (m, b)", "Add (b, m)", "Sub (m, b)", "Sub (b, m)"])
@pytest.mark.parametrize("first", ["Mul (x, a)", "Mul (a, x)"])
def test_one(first, second):
    """A sum or a difference, in every order of operands."""
    assert _found(f"m = {first} y = {second}") == {"linear_activation": 1}


def test_half():
    """In float16 too, between the casts of input and output."""
    found = _found("m = Mul (x, a) y = Sub (b, m)", precision="fp16", tolerance=2e-3)
    assert found == {"linear_activation": 1, "cast": 2}


@pytest.mark.parametrize("body", [
    "m = Mul (x, t) y = Add (m, b)", "m = Mul (x, a) y = Add (m, t)", "m = Mul (x, x) y = Add (m, b)",
    "m = Add (x, a) y = Sub (m, b)",
])  # fmt: skip
def test_two(body):
    """Tensors, and other arithmetic."""
    assert "linear_activation" not in _found(body)


def test_read_in_between():
    """The product is an output, or read by another node."""
    for outputs in ("float[3,4] y, float[3,4] m", "float[3,4] y, float[3,4] z"):
        found = _found("m = Mul (x, a) y = Add (m, b) z = Exp (m)", outputs)
        assert (found["mul"], found["linear_activation"]) == (1, 0)


def test_a_number_that_broadcasts():
    """Of more axes than x: the sum has another shape than x."""
    constants = {"a": np.float32(2), "b": np.full((1, 1, 1), 0.3, np.float32)}
    graph = text_graph("g (float[3,4] x) => (float[1,3,4] y) { m = Mul (x, a) y = Add (m, b) }", constants)
    assert "linear_activation" not in check_mil(graph, {"x": noise(3, 4)})
