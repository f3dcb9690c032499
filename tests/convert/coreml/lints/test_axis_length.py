"""Axes beyond the Neural Engine's counters are named, rows and channels by their own limits."""

import pytest

from tests.convert.coreml.lints.graphs import found, graph_of


@pytest.mark.parametrize(
    ("shape", "expected"),
    [("1,1,20000", ["y"]), ("1,20000,1,1", []), ("1,70000,1,1", ["y"]), ("1,1,16384", [])],
)
def test_lengths(shape, expected):
    graph = graph_of(f"(float[{shape}] x) => (float[{shape}] y) {{ y = Relu (x) }}")
    assert found("axis-length", graph) == expected
    assert found("axis-length", graph, compute_units="cpu_and_gpu") == []


@pytest.mark.parametrize(("length", "expected"), [(4096, ["y"]), (1000, [])])
def test_arguments(length, expected):
    text = f"(float[1,{length}] x) => (int64[1,1] y) {{ y = ArgMax <axis = 1> (x) }}"
    assert found("axis-length", graph_of(text)) == expected
