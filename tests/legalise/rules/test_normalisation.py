"""LRN, LpNormalization and BatchNormalization as arithmetic."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from mobilekit.runtimes.ort import open_graph
from tests.legalise.support import check_node, node_graph, noise


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("beta", [0.75, 0.5])
def test_lrn(size, beta):
    """More channels than the window, and fewer."""
    attributes = {"alpha": 0.3, "beta": beta, "bias": 1.5}
    check_node("LRN", [noise(2, 7, 3, 4)], size=size, **attributes)
    check_node("LRN", [noise(2, 2, 3, 4)], size=size, **attributes)


def test_lrn_of_even_size():
    """Even windows reach one channel further up (ONNX Runtime refuses them: the specification's formula)."""
    x = noise(1, 5, 2, 2)
    graph, feed = node_graph("LRN", [x], size=4, alpha=0.4, beta=0.75, bias=1.0)
    square = np.pad(x**2, ((0, 0), (1, 2), (0, 0), (0, 0)))
    total = sum(square[:, i : i + 5] for i in range(4))
    with open_graph(legalise(graph, samples=[]).graph) as session:
        np.testing.assert_allclose(session.run(feed)["y"], x / (1 + 0.1 * total) ** 0.75, rtol=1e-5)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_lp_normalization(p, axis):
    """A vector of zeros stays one."""
    x = noise(3, 4, 5)
    x[1] = 0
    x[:, 2] = 0
    x[..., 3] = 0
    check_node("LpNormalization", [x], p=p, axis=axis)


@pytest.mark.parametrize("runtime", [(0,), (0, 1, 2, 3, 4), (0, 3)])
def test_batch_normalization(runtime):
    """Constant statistics fold into a factor and a term."""
    operands = [noise(2, 3, 4, 5), noise(3), noise(3), noise(3), np.abs(noise(3)) + 0.1]
    ops = check_node("BatchNormalization", operands, runtime=runtime, epsilon=1e-3)
    assert runtime != (0,) or ops == ["Mul", "Add"]


def test_training_is_refused():
    """Statistics of the batch are not what a phone should compute."""
    operands = [noise(2, 3), noise(3), noise(3), noise(3), np.abs(noise(3))]
    graph, _ = node_graph("BatchNormalization", operands, outputs=("y", "m", "v"), training_mode=1)
    with pytest.raises(UnsupportedOperatorError, match="training_mode"):
        legalise(graph, samples=[])
