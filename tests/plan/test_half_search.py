"""The search adds the loudest nodes until the budget is met, and none where it is met already."""

import numpy as np

from mobilekit.plan.half_search import search
from tests.plan.half_graphs import graph_of

# Adding 2000 leaves steps of 1: what comes back has lost its digits. The other branch is harmless.
TEXT = """(float[1,64] x) => (float[1,64] y) {
    a = Add(x, c)  b = Sub(a, c)
    d = Mul(x, e)  f = Relu(d)  g = Mul(f, e)
    y = Add(b, g) }"""
CONSTANTS = {"c": np.float32([2000]), "e": np.float32([0.5])}
SAMPLES = [{"x": np.random.default_rng(seed).uniform(-1, 1, (1, 64)).astype(np.float32)} for seed in (0, 1)]


def found(mean, graph=None):
    graph = graph or graph_of(TEXT, **CONSTANTS)
    return search(graph, SAMPLES, islands=frozenset(), mean_db=mean, worst_db=mean - 5)


def test_the_loudest_is_silenced():
    """The sum that loses its digits, and its reader; not the branch beside it."""
    more, fidelity = found(50.0)
    assert set(more) == {"a", "b"}
    assert "rounding a to float16 alone leaves" in more["a"]
    assert fidelity["y"].mean >= 50.0


def test_nothing_to_do():
    """The negative twin: a budget that is met already."""
    more, fidelity = found(10.0)
    assert more == {}
    assert fidelity["y"].mean >= 10.0


def test_islands_given_count():
    """What is an island by its range is not looked for again."""
    graph = graph_of(TEXT, **CONSTANTS)
    more, _ = search(graph, SAMPLES, islands=frozenset({"a", "b"}), mean_db=50.0, worst_db=45.0)
    assert more == {}


def test_out_of_reach():
    """Where even float32 everywhere would be asked for, the fidelity says what was reached."""
    more, fidelity = found(199.0)
    assert "y" in more
    assert fidelity["y"].mean > 60.0


def test_only_integers_leave():
    """Without a float output there is nothing to lose."""
    text = "(float[1,64] x) => (int64[1,1] y) { a = Mul(x, e) y = ArgMax<axis=1, keepdims=1>(a) }"
    assert found(50.0, graph_of(text, e=np.float32([2]))) == ({}, {})
