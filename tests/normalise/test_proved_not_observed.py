"""Recognitions hold for every input: look-alikes are computed without samples, then run on random data."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.normalise.pipeline import normalise
from mobilekit.normalise.verify import outputs_of
from tests.normalise.support import graph_of

_ROOT = "e = Add (v, ep) s = Sqrt (e) "
NORMS = {
    "products of any two": ("1,4,1", "r = Reshape (x, q) m = Mul (x, r) v = ReduceMean (m, a12) " + _ROOT, "x"),
    "sums of any two": ("2,3,1", "r = Reshape (x, q2) m = Mul (r, x) v = ReduceSum (m, a12) " + _ROOT, "x"),
    "mean of another group": (
        "2,4,6",
        "u = ReduceMean (x, a12) d = Sub (x, u) p = Add (d, three) m = Mul (d, p) v = ReduceMean (m, a2) " + _ROOT,
        "d",
    ),
    "power of more": ("1,4", "m = Pow (x, twos) v = ReduceMean (m, a2) " + _ROOT, "x"),
}  # fmt: skip


def _constants(body: str) -> dict[str, np.ndarray]:
    given = {
        "q": np.array([1, 1, 4]), "q2": np.array([2, 1, 3]), "a2": np.array([2]), "a12": np.array([1, 2]),
        "ep": np.array(50, np.float32), "three": np.array(3, np.float32),
        "twos": np.full((1, 4, 4), 2, np.float32), "flat": np.array([6]), "row": np.array([1, 6]),
    }  # fmt: skip
    return {
        name: value
        for name, value in given.items()
        if name in body.replace("(", " ").replace(")", " ").replace(",", " ").split()
    }


def _unchanged(text: str, constants: dict[str, np.ndarray], draw) -> list[str]:
    graph = graph_of(text, constants)
    result = normalise(graph, samples=())
    feeds = [{"x": draw(np.random.default_rng(seed))} for seed in range(4)]
    for wanted, got in zip(outputs_of(graph, feeds), outputs_of(result.graph, feeds), strict=True):
        np.testing.assert_allclose(got["y"], wanted["y"], rtol=1e-4, atol=1e-5)
    return [r.kind for r in result.recognised]


@pytest.mark.parametrize("case", NORMS)
def test_what_is_no_norm(case: str) -> None:
    """Means of what is no square, or not over the group that was centred, are no normalisations."""
    shape, body, over = NORMS[case]
    out = "1,4,4" if case == "power of more" else shape
    text = (
        f'<ir_version: 10, opset_import: ["": 21]> g (float[{shape}] x) => (float[{out}] y) '
        f"{{ {body} y = Div ({over}, s) }}"
    )
    size = tuple(int(d) for d in shape.split(","))
    assert _unchanged(text, _constants(body), lambda rng: rng.normal(size=size).astype(np.float32)) == []


@pytest.mark.parametrize("body", ["g = Gather (b, b)", "i = Abs (b) g = Gather (b, i)"])
def test_indices_are_no_values_of_a_frame(body: str) -> None:
    """A view that is looked up by itself keeps its shape as indices."""
    text = (
        '<ir_version: 10, opset_import: ["": 21]> g (int32[1,6] x) => (int32[1,6] y) '
        f"{{ b = Reshape (x, flat) {body} a = Abs (g) y = Reshape (a, row) }}"
    )
    constants = _constants("flat row")
    assert _unchanged(text, constants, lambda rng: rng.integers(0, 6, (1, 6)).astype(np.int32)) == []


_NUMBERS = {
    "at": 0.3,
    "low": 3.11,
    "next": 3.12,
    "far": 5e6,
    "steep": 1000,
    "fifty": 50,
    "one": 1,
    "nine": 9,
    "none": 0,
}
ACTIVATIONS = {
    "one number": "g = GreaterOrEqual (x, at) l = LessOrEqual (x, at) z = Relu (x) w = Where (l, nine, z) y = Where (g, w, z)",
    "a narrow stretch": "g = Greater (x, low) l = Less (x, next) z = Relu (x) w = Where (l, nine, z) y = Where (g, w, z)",
    "far out": "g = Greater (x, far) z = Relu (x) y = Where (g, nine, z)",
    "a narrow bump": "d = Sub (x, low) a = Abs (d) b = Mul (a, fifty) o = Sub (one, b) t = Relu (o) z = Sigmoid (x) s = Mul (x, z) y = Add (s, t)",
    "a narrow smooth bump": "d = Sub (x, low) p = Mul (d, steep) e = Sub (next, x) q = Mul (e, steep) f = Sigmoid (p) h = Sigmoid (q) b = Mul (f, h) z = Relu (x) y = Add (z, b)",
}  # fmt: skip


@pytest.mark.parametrize("case", ACTIVATIONS)
def test_what_is_an_activation_almost_everywhere(case: str) -> None:
    """A function that differs from Relu or SiLU only at a place between the usual points is neither."""
    body = ACTIVATIONS[case]
    words = body.replace("(", " ").replace(")", " ").replace(",", " ").split()
    text = f'<ir_version: 10, opset_import: ["": 21]> g (float[1,64] x) => (float[1,64] y) {{ {body} }}'
    constants = {name: np.array(value, np.float32) for name, value in _NUMBERS.items() if name in words}

    def draw(rng: np.random.Generator) -> np.ndarray:
        narrow = rng.uniform(3.1, 3.13, 32).astype(np.float32)
        return np.concatenate([narrow, np.float32([0.3, 6e6, -0.3, 0.0]), rng.normal(size=28)]).astype(
            np.float32
        )[None]

    assert _unchanged(text, constants, draw) == []


def test_relu_in_another_spelling_is_one() -> None:
    """The negative twin: thresholds that change nothing."""
    text = (
        '<ir_version: 10, opset_import: ["": 21]> g (float[1,64] x) => (float[1,64] y) '
        "{ g = Greater (x, none) z = Mul (x, one) y = Where (g, z, none) }"
    )
    constants = {name: np.array(_NUMBERS[name], np.float32) for name in ("none", "one")}
    assert _unchanged(text, constants, lambda rng: rng.normal(size=(1, 64)).astype(np.float32)) == [
        "Relu written out"
    ]


@pytest.mark.parametrize("body", ["b = Log (r)", "b = Div (x, r)", "b = Reciprocal (r)", "b = Sqrt (x)"])
def test_zero_times_what_may_be_infinite(body: str) -> None:
    """A branch times zero stays where it can be infinite: the sum is no number then."""
    text = (
        '<ir_version: 10, opset_import: ["": 21]> g (float[1,8] x) => (float[1,8] y) '
        f"{{ r = Relu (x) {body} z = Mul (b, none) y = Add (x, z) }}"
    )
    constants = {"none": np.array(0, np.float32)}
    assert _unchanged(text, constants, lambda rng: rng.normal(size=(1, 8)).astype(np.float32)) == []


def test_zero_times_what_is_finite() -> None:
    """The negative twin: a bounded branch times zero is left out."""
    text = (
        '<ir_version: 10, opset_import: ["": 21]> g (float[1,8] x) => (float[1,8] y) '
        "{ b = Sigmoid (x) z = Mul (b, none) y = Add (x, z) }"
    )
    constants = {"none": np.array(0, np.float32)}
    draw = lambda rng: rng.normal(size=(1, 8)).astype(np.float32)  # noqa: E731
    assert _unchanged(text, constants, draw) == ["a branch that is zero"]
