"""The simulated graph rounds what float16 rounds, and nothing else."""

import numpy as np
import pytest

from mobilekit.plan.half_simulate import roundings, simulated
from mobilekit.runtimes.ort import open_graph
from tests.plan.half_graphs import graph_of, norm_graph

X = np.float32([[0.1, 1 / 3, 1000.1, 7.7]])
TEXT = "(float[1,4] x) => (float[1,4] y) { a = Mul(x, c) y = Add(a, d) }"
CONSTANTS = {"c": np.float32([1.1]), "d": np.float32([0.3])}


def half(value):
    return np.asarray(value, np.float32).astype(np.float16).astype(np.float32)


def run(graph, x=X):
    with open_graph(graph) as session:
        return session.run({"x": x})["y"]


def test_everything_is_rounded():
    """Inputs, constants and results."""
    got = run(simulated(graph_of(TEXT, **CONSTANTS)))
    assert np.array_equal(got, half(half(half(X) * half(1.1)) + half(0.3)))


def test_an_island_is_not():
    """It reads what the others rounded and gives float32 to the output."""
    got = run(simulated(graph_of(TEXT, **CONSTANTS), islands={"y"}))
    assert np.array_equal(got, half(half(X) * half(1.1)) + np.float32(0.3))


def test_an_island_before():
    """What it gives is rounded by its reader; it reads the input as it is."""
    got = run(simulated(graph_of(TEXT, **CONSTANTS), islands={"a"}))
    assert np.array_equal(got, half(half(X * np.float32(1.1)) + half(0.3)))


def test_all_islands():
    """Nothing is rounded: the graph itself."""
    graph = graph_of(TEXT, **CONSTANTS)
    assert np.array_equal(run(simulated(graph, islands={"a", "y"})), run(graph))
    assert roundings(graph, islands={"a", "y"}) == ()


def test_one_rounding_alone():
    """Each is simulated by itself."""
    graph = graph_of(TEXT, **CONSTANTS)
    each = {(r.kind, r.name): r for r in roundings(graph)}
    assert list(each) == [("value", "x"), ("inside", "a"), ("value", "a"), ("inside", "y"), ("value", "y")]
    got = run(simulated(graph, only=[each["value", "a"]]))
    assert np.array_equal(got, half(X * np.float32(1.1)) + np.float32(0.3))
    assert each["value", "a"].nodes == ("a", "y")


@pytest.mark.parametrize("operator", ["Normalize", "RmsNormalize"])
def test_inside_a_normalisation(operator):
    """Squares of 300 are infinite: the result is 0 where it should not be; as an island it is right."""
    graph = norm_graph(operator)
    x = np.float32(300 * np.sign(np.random.default_rng(0).standard_normal((1, 2, 64, 64))))
    assert np.abs(run(graph, x)).max() > 0.9
    assert np.abs(run(simulated(graph), x)).max() == 0
    assert np.abs(run(simulated(graph, islands={"y"}), x)).max() > 0.9
