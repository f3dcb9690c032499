"""What float16 cannot hold is found on samples, and nothing else is."""

import numpy as np
import pytest

from mobilekit.plan.half_ranges import range_reasons
from tests.plan.half_graphs import graph_of, norm_graph


def reasons(text, value, **constants):
    return range_reasons(graph_of(text, **constants), [{"x": np.asarray(value, np.float32)}])


BY_C = "(float[1,4] x) => (float[1,4] y) { a = Mul(x, c) y = Relu(a) }"


def test_a_value_beyond_the_end():
    """The node that makes it and the one that reads it; with its figure."""
    found = reasons(BY_C, [[1, 2, 3, 4]], c=np.float32([20000]))
    assert list(found) == ["a", "y"]
    assert "a reaches 8e+04" in found["y"]


def test_a_value_within():
    """The negative twin."""
    assert reasons(BY_C, [[1, 2, 3, 4]], c=np.float32([2000])) == {}


@pytest.mark.parametrize(("constant", "said"), [(1e5, "its constant c is 1e+05"), (1e-9, "zero in float16")])
def test_constants(constant, said):
    """One that is infinite or zero in float16 keeps its reader in float32."""
    text = "(float[1,4] x) => (float[1,4] y) { y = Add(x, c) }"
    assert said in reasons(text, [[0, 0, 0, 0]], c=np.float32([constant]))["y"]


def test_limits_may_be_infinite():
    """The end of float32 as a bound of Clip says what infinity says."""
    text = "(float[1,4] x) => (float[1,4] y) { y = Clip(x, low, high) }"
    found = reasons(text, [[1, 2, 3, 4]], low=np.float32(0), high=np.float32(3.4e38))
    assert found == {}


def test_a_sum_over_a_large_map():
    """Every value and the mean are small: the sum is not."""
    text = "(float[1,1,128,128] x) => (float[1,1,1,1] y) { y = ReduceMean<keepdims=1>(x, axes) }"
    axes = np.array([2, 3])
    assert (
        "a sum over 16384 values reaches 4.9e+04"
        in reasons(text, np.full((1, 1, 128, 128), 3), axes=axes)["y"]
    )
    assert reasons(text, np.full((1, 1, 128, 128), 0.5), axes=axes) == {}


def test_a_sum_around_a_negative_mean():
    """The magnitudes count: a sum of negative numbers ends at -65504."""
    text = "(float[1,1,128,128] x) => (float[1,1,1,1] y) { y = ReduceSum<keepdims=1>(x, axes) }"
    assert "y" in reasons(text, np.full((1, 1, 128, 128), -3), axes=np.array([2, 3]))


def test_divisors():
    """A divisor that is zero in float16 only."""
    text = "(float[1,4] x) => (float[1,4] y) { a = Abs(x) y = Div(c, a) }"
    found = reasons(text, [[1, 2, 3, 1e-8]], c=np.float32([1e-6]))
    assert "the least of a is 1e-08" in found["y"]
    assert reasons(text, [[1, 2, 3, 1e-2]], c=np.float32([1e-6])) == {}


@pytest.mark.parametrize(
    ("operator", "said"), [("Normalize", "around the mean"), ("RmsNormalize", "squares")]
)
def test_squares_of_a_normalisation(operator, said):
    """Deviations of 30 over 4096 values, of 1 for the twin."""
    noise = np.random.default_rng(0).standard_normal((1, 2, 64, 64))
    graph = norm_graph(operator)
    assert said in range_reasons(graph, [{"x": np.float32(3 * noise)}])["y"]
    assert range_reasons(graph, [{"x": np.float32(noise)}]) == {}


def test_groups():
    """A group is summed over its channels."""
    graph = norm_graph("GroupNormalize", attributes="groups=1")
    assert "8192 values" in range_reasons(graph, [{"x": np.full((1, 2, 64, 64), 5, np.float32)}])["y"]


def test_tiny_values():
    """What is tiny throughout loses digits where it is multiplied, not where it is only added."""
    times = "(float[1,4] x) => (float[1,4] y) { a = Mul(x, c) y = Mul(a, d) }"
    plus = "(float[1,4] x) => (float[1,4] y) { a = Mul(x, c) y = Add(a, d) }"
    constants = {"c": np.float32([1e-5]), "d": np.float32([1000])}
    assert "loses digits" in reasons(times, [[1, 2, 3, 4]], **constants)["a"]
    assert reasons(plus, [[1, 2, 3, 4]], **constants) == {}


def test_values_without_elements():
    """Nothing is in them that could be out of range."""
    text = "(float[1,4] x, float[0] e) => (float[1,4] y, float[0] f) { y = Relu(x) f = Sqrt(e) }"
    sample = {"x": np.ones((1, 4), np.float32), "e": np.zeros(0, np.float32)}
    assert range_reasons(graph_of(text), [sample]) == {}
