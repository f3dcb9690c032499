"""Factors and shifts change no result, wherever they are given and taken back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mobilekit.errors import PlanError
from mobilekit.plan.equalise import equalise
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(0)
CONSTANTS = {
    "w": RNG.normal(size=(4, 3, 3, 3)),
    "b": RNG.normal(size=4),
    "t": RNG.normal(size=(3, 4, 2, 2)),
    "v": RNG.normal(size=(2, 4, 1, 1)),
    "u": RNG.normal(size=(2, 8, 1, 1)),
    "d": RNG.normal(size=(8, 1, 3, 3)),
    "g": RNG.normal(size=(2, 4)),
    "m": RNG.normal(size=(4, 2)),
    "half": np.array(0.5),
    "one": RNG.normal(size=(1, 4, 1, 1)),
    "zero": RNG.normal(size=(1, 4, 1, 1)),
    "eps": np.full((1, 1, 1, 1), 1e-3),
    "hw": np.array([2, 3]),
}
FACTORS = (1.0, 3.0, 250.0, 0.01)
SHIFTS = (0.5, -3.0, 0.0, 20.0)


def outputs(graph: Graph) -> dict[str, np.ndarray]:
    """What the graph computes of seeded inputs."""
    rng = np.random.default_rng(1)
    feed = {spec.name: rng.normal(size=spec.shape).astype(np.float32) for spec in graph.inputs}
    with open_graph(graph, optimise=False) as session:
        return dict(session.run(feed))


def assert_same(graph: Graph, other: Graph) -> None:
    """The same outputs within float rounding, of graphs that differ."""
    assert other.digest != graph.digest
    expected, got = outputs(graph), outputs(other)
    for name, value in expected.items():
        assert np.allclose(got[name], value, rtol=1e-4, atol=1e-4), name


BODIES = {
    "a norm takes factors": "y = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)",
    "weights take them": "r = Relu(c)\n y = Conv(r, v)",
    "two branches that meet": "r = Relu(c)\n l = LeakyRelu(c)\n j = Concat<axis = 1>(r, l)\n y = Conv(j, u)",
    "one channel at a time": "r = Concat<axis = 1>(c, c)\n p = Conv<group = 8>(r, d)\n y = Conv(p, u)",
    "constants in a sum": "a = Add(c, half)\n q = Max(a, one)\n y = Conv(q, v)",
    "a transposed product": "p = ReduceMean<keepdims = 0>(c, hw)\n y = Gemm<transB = 1>(p, g)",
    "a product": "p = ReduceMean<keepdims = 0>(c, hw)\n y = MatMul(p, m)",
}
SHAPES = {"a norm takes factors": "1, 4, 10, 10", "one channel at a time": "1, 2, 8, 8"}


@pytest.mark.parametrize("name", BODIES)
def test_result_is_unchanged(graph_of: Callable[..., Graph], name: str) -> None:
    """Whatever takes the factors back."""
    shape = SHAPES.get(name, "1, 2" if "product" in name else "1, 2, 10, 10")
    text = f"g (float[1, 3, 12, 12] x) => (float[{shape}] y) {{ c = Conv(x, w, b)\n {BODIES[name]} }}"
    graph = graph_of(text, CONSTANTS)
    assert_same(graph, equalise(graph, {"c": FACTORS}))


def test_produced_by_every_kind(graph_of: Callable[..., Graph]) -> None:
    """Transposed convolutions, products and norms with constants make factors as convolutions do."""
    text = """
    g (float[1, 3, 6, 6] x, float[1, 2] z) => (float[1, 2, 12, 12] y, float[1, 2] o) {
        c = ConvTranspose<strides = [2, 2]>(x, t)
        n = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)
        y = Conv(n, v)
        p = Gemm<transB = 1>(z, m)
        q = Relu(p)
        o = MatMul(q, m)
    }"""
    graph = graph_of(text, CONSTANTS)
    assert_same(graph, equalise(graph, dict.fromkeys(("c", "n", "p"), FACTORS), {"c": SHIFTS}))


def test_style_scales_a_norm(graph_of: Callable[..., Graph]) -> None:
    """Where scale and bias of a norm are computed, their maker gives its output the factors."""
    text = """
    g (float[1, 3, 6, 6] x, float[1, 2] z) => (float[1, 2, 4, 4] y) {
        c = Conv(x, w)
        p = Gemm<transB = 1>(z, m)
        s = Reshape(p, shape)
        a = Add(s, half)
        n = mobilekit.Normalize<axes: ints = [2, 3]>(c, a, s, eps)
        y = Conv(n, v)
    }"""
    graph = graph_of(text, {**CONSTANTS, "shape": np.array([1, 4, 1, 1])})
    assert_same(graph, equalise(graph, {"c": FACTORS, "p": FACTORS[::-1]}))


def test_shifts_before_a_norm(graph_of: Callable[..., Graph]) -> None:
    """With a bias or without one, alone or with factors."""
    for inputs in ("x, w, b", "x, w"):
        text = f"""
        g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y) {{
            c = Conv({inputs})
            y = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)
        }}"""
        graph = graph_of(text, CONSTANTS)
        assert_same(graph, equalise(graph, {}, {"c": SHIFTS}))
        assert_same(graph, equalise(graph, {"c": FACTORS}, {"c": SHIFTS}))


def test_shared_weights_stay_as_they_are_elsewhere(graph_of: Callable[..., Graph]) -> None:
    """A second convolution with the same weights is not scaled along; what nobody reads is dropped."""
    text = """
    g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y, float[1, 4, 10, 10] e) {
        c = Conv(x, w, b)
        e = Conv(x, w, b)
        y = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)
    }"""
    graph = graph_of(text, CONSTANTS)
    made = equalise(graph, {"c": FACTORS})
    assert_same(graph, made)
    names = {tensor.name for tensor in made.proto().graph.initializer}
    assert "w" in names
    assert not names & {"v", "u"}


@pytest.mark.parametrize(
    ("body", "shifts"),
    [
        ("y = mobilekit.Normalize<axes: ints = [1]>(c, one, zero, eps)", SHIFTS),
        ("r = Relu(c)\n y = mobilekit.Normalize<axes: ints = [2, 3]>(r, one, zero, eps)", SHIFTS),
        ("y = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)", SHIFTS[:2]),
        ("y = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)", (float("nan"),) * 4),
    ],
)
def test_where_shifts_would_not_be_exact(
    graph_of: Callable[..., Graph], body: str, shifts: tuple[float, ...]
) -> None:
    """A norm over channels, something in between, and damaged numbers are refused."""
    text = f"g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y) {{ c = Conv(x, w, b)\n {body} }}"
    with pytest.raises(PlanError):
        equalise(graph_of(text, CONSTANTS), {}, {"c": shifts})


def test_nothing_given_nothing_changed(graph_of: Callable[..., Graph]) -> None:
    """Without factors and shifts the graph is the very same."""
    graph = graph_of("g (float[1, 3, 4, 4] x) => (float[1, 4, 2, 2] y) { y = Conv(x, w) }", CONSTANTS)
    assert equalise(graph, {}) is graph
