"""AffineGrid against ONNX Runtime."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, node_graph, noise


@pytest.mark.parametrize("align_corners", [0, 1])
@pytest.mark.parametrize("sides", [(4, 5), (3, 4, 6)])
def test_grid(sides, align_corners):
    """Two and three dimensions, centres and corners."""
    theta = noise(2, len(sides), len(sides) + 1)
    size = np.array([2, 3, *sides], np.int64)
    ops = check_node("AffineGrid", [theta, size], align_corners=align_corners)
    assert "AffineGrid" not in ops
    assert ops.count("MatMul") == 1


def test_one_pixel_between_corners_is_refused():
    """A side of one pixel has no two corners to align: ONNX's formula divides by zero."""
    graph, _ = node_graph("AffineGrid", [noise(1, 2, 3), np.array([1, 1, 1, 4], np.int64)], align_corners=1)
    with pytest.raises(UnsupportedOperatorError, match=r"align_corners=1.*one pixel"):
        legalise(graph, samples=[])
