"""A float32 package never runs on the Neural Engine: said where that may be meant."""

import pytest

from tests.convert.coreml.lints.graphs import found, graph_of


@pytest.mark.parametrize(
    ("precision", "units", "expected"),
    [("fp32", "all", [""]), ("fp16", "all", []), ("fp32", "cpu_and_gpu", [])],
)
def test_full_precision(precision, units, expected):
    graph = graph_of("(float[2] x) => (float[2] y) { y = Relu (x) }")
    assert found("full-precision", graph, precision=precision, compute_units=units) == expected
