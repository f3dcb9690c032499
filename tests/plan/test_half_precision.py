"""The plan of a float16 file: ranges and search together, as data."""

import json

import numpy as np
import pytest

from mobilekit.errors import InputDataError
from mobilekit.plan import half_precision as module
from mobilekit.plan.half_precision import HalfPlan, half_precision
from tests.plan.half_graphs import graph_of, norm_graph

RNG = np.random.default_rng(0)
SAMPLES = [{"x": np.float32(20 * RNG.standard_normal((1, 2, 64, 64)))} for _ in range(3)]


def test_a_norm_over_a_large_map():
    """It computes in float32, the reason says which sum, and the file is near the model."""
    plan = half_precision(norm_graph("Normalize"), SAMPLES)
    assert "a sum over 4096 values" in plan.islands["y"]
    assert plan.fidelity["y"].worst > 60
    assert plan.photos == 3


def test_nothing_to_keep():
    """The negative twin: small values need no island."""
    graph = graph_of("(float[1,2,64,64] x) => (float[1,2,64,64] y) { y = Relu(x) }")
    assert half_precision(graph, SAMPLES).islands == {}


def test_what_ranges_do_not_tell():
    """Digits lost in a difference are found by the search."""
    text = "(float[1,2,64,64] x) => (float[1,2,64,64] y) { a = Add(x, c) y = Sub(a, c) }"
    plan = half_precision(graph_of(text, c=np.float32([9000])), SAMPLES)
    assert set(plan.islands) == {"a", "y"}
    assert plan.fidelity["y"].mean > 50


def test_the_same_twice():
    """And as JSON and back."""
    graph = norm_graph("Normalize")
    plan = half_precision(graph, SAMPLES)
    assert plan == half_precision(graph, iter(SAMPLES))
    assert HalfPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_another_format():
    """Refused."""
    with pytest.raises(InputDataError, match="mobilekit-half/1"):
        HalfPlan.from_json({"format": "mobilekit-half/0"})


def test_no_samples():
    """Refused: nothing is decided without data."""
    with pytest.raises(InputDataError, match="sample"):
        half_precision(norm_graph("Normalize"), [])


def test_samples_are_spread(monkeypatch):
    """Not the first ones of many."""
    monkeypatch.setattr(module, "SIMULATED", 1)
    monkeypatch.setattr(module, "OBSERVED", 2)
    loud = [{"x": np.zeros((1, 2, 64, 64), np.float32)}] * 2 + SAMPLES[:2]
    assert half_precision(norm_graph("Normalize"), loud).islands
