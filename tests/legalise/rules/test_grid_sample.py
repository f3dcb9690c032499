"""GridSample against ONNX Runtime, in LiteRT: every mode, padding and alignment."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node_file, node_graph, noise

PADDINGS = ["zeros", "border", "reflection"]


def grid(*shape, seed=3):
    """Positions inside and far outside, many of them exactly between two cells."""
    random = np.random.default_rng(seed)
    wild = random.standard_normal(shape) * 1.5
    return np.where(random.random(shape) < 0.4, np.round(wild * 2) / 2, wild).astype(np.float32)


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("corners", [0, 1])
@pytest.mark.parametrize("runtime", [(0, 1), (0,)])
def test_images(mode, padding, corners, runtime):
    """Odd sizes, two images, a grid known or not."""
    operands = [noise(2, 3, 5, 7), grid(2, 4, 3, 2)]
    options = {"mode": mode, "padding_mode": padding, "align_corners": corners}
    ops = check_node_file("GridSample", operands, runtime=runtime, opset=22, **options)
    assert "GridSample" not in ops


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("corners", [0, 1])
def test_volumes(mode, padding, corners):
    """Three spatial axes."""
    operands = [noise(2, 2, 3, 4, 5), grid(2, 3, 2, 4, 3)]
    options = {"mode": mode, "padding_mode": padding, "align_corners": corners}
    check_node_file("GridSample", operands, runtime=(0, 1), opset=22, **options)


def test_a_constant_image():
    """The image is a constant, the grid is not: a texture."""
    check_node_file("GridSample", [noise(1, 2, 4, 4), grid(1, 3, 3, 2)], runtime=(1,), opset=22)


def test_one_cell():
    """A side of one cell reflects onto itself."""
    operands = [noise(1, 2, 1, 3), np.float32([[[[-1, 0], [0.5, 0], [1, 0]]]])]
    check_node_file("GridSample", operands, runtime=(0, 1), opset=22, padding_mode="reflection")


def test_a_constant_grid_leaves_no_arithmetic_on_positions():
    """What is known is computed once: gathers, products with constants and sums are left."""
    ops = check_node_file("GridSample", [noise(1, 3, 6, 6), grid(1, 4, 4, 2)], opset=22)
    assert set(ops) <= {"Transpose", "Reshape", "Gather", "Mul", "Add"}
    assert ops.count("Gather") == 4


def test_cubic_volumes_are_refused():
    """ONNX defines cubic sampling for images only."""
    operands = [noise(1, 1, 3, 3, 3), grid(1, 2, 2, 2, 3)]
    graph, _ = node_graph("GridSample", operands, runtime=(0, 1), opset=22, mode="cubic")
    with pytest.raises(UnsupportedOperatorError, match="mode=cubic on 3 spatial axes"):
        legalise(graph, samples=[])
