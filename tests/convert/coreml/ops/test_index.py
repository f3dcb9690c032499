"""Reading and writing by position."""

import numpy as np
import pytest

from tests.convert.coreml.support import graph_of, refusal
from tests.legalise.mil import check_node_mil
from tests.legalise.support import noise


def test_gather_at_run_time():
    """Negative positions count from the end."""
    indices = np.array([[0, -1], [2, -3]], np.int64)
    check_node_mil("Gather", [noise(3, 4), indices], runtime=(0, 1), axis=0)
    check_node_mil("GatherElements", [noise(3, 4), indices], runtime=(0, 1), axis=0)
    check_node_mil("GatherND", [noise(3, 4), indices], runtime=(0, 1))


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_scatter(reduction):
    """A position named twice, constant and at run time."""
    operands = [noise(4, 3), np.array([[1], [3], [1]]), noise(3, 3, seed=1)]
    for runtime in ((0, 2), (0, 1, 2)):
        check_node_mil("ScatterND", operands, runtime=runtime, reduction=reduction, opset=18)
    elements = [noise(4, 3), np.array([[1, 0, 3], [1, 2, 3]]), noise(2, 3, seed=1)]
    check_node_mil("ScatterElements", elements, runtime=(0, 2), reduction=reduction, axis=0)


def test_truth_values():
    """They travel as numbers."""
    assert check_node_mil("Gather", [np.eye(3) > 0, np.array([2, 0])])["gather"] == 1


def test_what_was_not_legalised_is_refused(tmp_path):
    """Negative positions, and updates that replace."""
    text = "g (float[3] x) => (float[1] y) <int64[1] i = {-1}> { y = Gather (x, i) }"
    assert "negative" in refusal(graph_of(text), tmp_path)
    text = "g (float[3] x, float[1] u) => (float[3] y) <int64[1,1] i = {1}> { y = ScatterND (x, i, u) }"
    assert "additions" in refusal(graph_of(text), tmp_path)
