"""Large tensors whose last axis is short are named; full rows and small tensors are not."""

import pytest

from tests.convert.coreml.lints.graphs import found, graph_of


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("1,65536,1", ["x", "y"]),
        ("1,1,65536", []),
        ("1,64,1", []),
        ("1,512,512,3", ["x", "y"]),
        ("1,3,512,512", []),
    ],
)
def test_last_axis(shape, expected):
    graph = graph_of(f"(float[{shape}] x) => (float[{shape}] y) {{ y = Relu (x) }}")
    assert found("last-axis", graph) == expected
    assert found("last-axis", graph, compute_units="cpu_and_gpu") == []
