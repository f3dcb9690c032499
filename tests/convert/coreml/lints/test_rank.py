"""Six axes are one too many."""

import pytest

from tests.convert.coreml.lints.graphs import found, graph_of


@pytest.mark.parametrize(("axes", "expected"), [(6, ["y"]), (5, [])])
def test_rank(axes, expected):
    shape = ",".join(["2"] * axes)
    assert found("rank", graph_of(f"(float[{shape}] x) => (float[{shape}] y) {{ y = Relu (x) }}")) == expected
