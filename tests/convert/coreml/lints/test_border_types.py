"""Inputs and outputs of types that a multi-array has not are named; float and int32 are not."""

import pytest

from tests.convert.coreml.lints.graphs import found, graph_of


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("int64", ["x", "y"]), ("uint8", ["x", "y"]), ("double", ["x", "y"]), ("float", []), ("int32", [])],
)
def test_border_types(dtype, expected):
    graph = graph_of(f"({dtype}[2] x) => ({dtype}[2] y) {{ y = Neg (x) }}")
    assert found("border-type", graph) == expected
