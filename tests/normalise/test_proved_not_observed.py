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
