"""One element by a constant index is a slice for TFLite; several stay a Gather."""

import numpy as np
import pytest

from mobilekit.legalise.pipeline import legalise
from mobilekit.runtimes.ort import open_graph
from tests.legalise.support import node_graph, noise, operators


def _forms(indices, axis, profile="tflite-cpu"):
    graph, feed = node_graph("Gather", [noise(3, 4, 5), np.array(indices)], runtime=(0,), axis=axis)
    found = legalise(graph, profile=profile, samples=[]).graph
    with open_graph(graph) as one, open_graph(found) as other:
        wanted, got = one.run(feed), other.run(feed)
    for name, value in wanted.items():
        np.testing.assert_array_equal(got[name], value)
        assert got[name].shape == value.shape
    return operators(found)


@pytest.mark.parametrize("profile", ["tflite-cpu", "tflite-gpu"])
@pytest.mark.parametrize(("index", "axis"), [(0, 0), (-1, 1), (2, -1), ([[3]], 1)])
def test_one_element_is_a_slice(index, axis, profile):
    """Counted from either end, of any axis, whatever the shape of the index."""
    assert "Gather" not in _forms(index, axis, profile)


def test_several_stay_a_gather():
    """And a computed index, and what Core ML says itself."""
    assert "Gather" in _forms([2, 0], 0)
    assert "Gather" in _forms([[2, 0]], 0)
    assert "Gather" in _forms(1, 0, "coreml")
