"""Swish, an operator since opset 24 (which ONNX Runtime does not have yet): checked against its definition."""

import numpy as np
import pytest

from mobilekit.legalise.pipeline import legalise
from mobilekit.runtimes.ort import open_graph
from tests.legalise.support import node_graph, noise, operators


@pytest.mark.parametrize(("alpha", "ops"), [(1.0, ["Sigmoid", "Mul"]), (1.7, ["Mul", "Sigmoid", "Mul"])])
def test_swish(alpha, ops):
    """X · sigmoid(alpha · x)."""
    x = noise(2, 5)
    graph, feed = node_graph("Swish", [x], opset=24, alpha=alpha)
    legal = legalise(graph, samples=[]).graph
    assert operators(legal) == ops
    with open_graph(legal) as session:
        np.testing.assert_allclose(session.run(feed)["y"], x / (1 + np.exp(-alpha * x)), rtol=1e-5)
