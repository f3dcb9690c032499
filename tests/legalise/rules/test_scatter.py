"""ScatterElements, ScatterND and TensorScatter, in ONNX Runtime and LiteRT."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.rules.test_gather import positions, values
from tests.legalise.support import check_node_file, node_graph, noise

REDUCTIONS = ["none", "add", "mul", "max", "min"]
TYPES = ["float32", "int8", "uint8", "int16", "int32", "int64"]


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("runtime", [(0, 2), (0, 1, 2), (0,), (1,)])
def test_scatter_elements(axis, reduction, runtime):
    """Positions known or not, negative and several times the same: the last update wins, or all count."""
    operands = [noise(3, 4, 3), positions(3, (2, 4, 3)), noise(2, 4, 3, seed=1)]
    check_node_file("ScatterElements", operands, runtime=runtime, axis=axis, reduction=reduction)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("runtime", [(0, 2), (0, 1, 2)])
def test_scatter_nd(depth, reduction, runtime):
    """Whole rows and single elements."""
    x = noise(3, 5, 4)
    sizes = np.array(x.shape[:depth])
    where = np.random.default_rng(2).integers(-sizes, sizes, (2, 3, depth))
    updates = noise(2, 3, *x.shape[depth:], seed=1)
    check_node_file("ScatterND", [x, where, updates], runtime=runtime, reduction=reduction)


def test_rows_in_a_stretch_are_joined():
    """``x[2:4] = u`` copies three stretches of rows; scattered rows are gathered."""
    operands = [noise(6, 5), np.array([[2], [3]]), noise(2, 5, seed=1)]
    assert set(check_node_file("ScatterND", operands, runtime=(0, 2))) == {"Slice", "Concat"}
    assert check_node_file("ScatterND", [noise(2, 5), np.array([[1], [0]]), noise(2, 5)], runtime=(0, 2))
    operands = [noise(9, 5), np.array([[1], [3], [5], [7]]), noise(4, 5, seed=1)]
    assert "Gather" in check_node_file("ScatterND", operands, runtime=(0, 2))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("runtime", [(0, 2), (0, 1, 2)])
def test_integers(dtype, reduction, runtime):
    """Integers wrap around as they do in ONNX Runtime."""
    operands = [values((7,), dtype), positions(7, (9,)), values((9,), dtype, seed=1)]
    check_node_file("ScatterElements", operands, runtime=runtime, reduction=reduction)


def test_booleans():
    """Nothing is computed where nothing is combined."""
    operands = [values((3, 4), "bool"), positions(3, (2, 4)), values((2, 4), "bool", seed=1)]
    check_node_file("ScatterElements", operands, runtime=(0, 1, 2))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("runtime", [(0, 2), (0, 1, 2)])
def test_one_cell_many_times(reduction, runtime):
    """More updates of a cell than there are layers of gathers."""
    operands = [noise(3), positions(3, (60,)), noise(60, seed=1)]
    check_node_file("ScatterElements", operands, runtime=runtime, reduction=reduction)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_infinities(reduction):
    """Neutral elements are infinite where they have to be."""
    x, updates = np.float32([np.inf, -np.inf, 1, 2]), np.float32([3, -np.inf])
    check_node_file("ScatterElements", [x, np.array([1, 2]), updates], runtime=(0, 1, 2), reduction=reduction)


def test_too_much_to_mask_is_refused():
    """A reduction that looks at every pair of row and update has a limit."""
    operands = [noise(5000), positions(5000, (5000,)), noise(5000)]
    graph, _ = node_graph("ScatterElements", operands, runtime=(0, 1, 2), reduction="max")
    with pytest.raises(UnsupportedOperatorError, match="reduction=max of 5000 updates"):
        legalise(graph, samples=[])


def test_nothing_to_scatter():
    """No position: the data stay."""
    operands = [noise(3, 4), np.zeros((0, 1), np.int64), np.zeros((0, 4), np.float32)]
    check_node_file("ScatterND", operands)


@pytest.mark.parametrize("mode", ["linear", "circular"])
@pytest.mark.parametrize(("shape", "axis"), [((2, 3, 6, 4), -2), ((2, 6, 4), 1)])
@pytest.mark.parametrize("runtime", [(0, 1), (0, 1, 2)])
def test_tensor_scatter(mode, shape, axis, runtime):
    """Each batch writes from another row on; circular wraps around."""
    part = list(shape)
    part[axis] = 2
    starts = np.array([4, 1] if mode == "linear" else [5, 2])
    operands = [noise(*shape), noise(*part, seed=1), starts]
    ops = check_node_file("TensorScatter", operands, runtime=runtime, opset=24, mode=mode, axis=axis)
    assert "TensorScatter" not in ops
