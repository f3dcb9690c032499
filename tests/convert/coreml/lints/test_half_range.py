"""Constants beyond float16's range are named; bounds of a Clip and ordinary weights are not."""

import numpy as np
import pytest

from tests.convert.coreml.lints.graphs import found, graph_of


@pytest.mark.parametrize(
    ("value", "expected"), [(1e6, ["y"]), (-1e30, ["y"]), (1e-9, ["y"]), (3.0, []), (0.0, []), (np.inf, [])]
)
def test_constants(value, expected):
    graph = graph_of(
        "(float[2] x) => (float[2] y) { y = Mul (x, c) }", {"c": np.array([value, 0.0], np.float32)}
    )
    assert found("half-range", graph) == expected
    assert found("half-range", graph, precision="fp32") == []


def test_bounds_of_a_clip_mean_the_same():
    graph = graph_of(
        "(float[2] x) => (float[2] y) { y = Clip (x, lo, hi) }",
        {"lo": np.array(-3e38, np.float32), "hi": np.array(3e38, np.float32)},
    )
    assert found("half-range", graph) == []


def test_epsilons_are_told_of_as_such():
    graph = graph_of("(float[2] x) => (float[2] y) { y = Add (x, e) }", {"e": np.float32(1e-12)})
    assert (found("half-range", graph), found("epsilon", graph)) == ([], ["y"])
