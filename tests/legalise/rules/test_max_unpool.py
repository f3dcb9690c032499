"""MaxUnpool by constant indices, and by those of the MaxPool it undoes."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check, check_node, node_graph, noise, text_graph

SEGMENT = """
g (float[{shape}] x) => (float[{shape}] y) {{
  p, i = MaxPool <{window}> (x)
  r = Relu (p)
  y = MaxUnpool <{window}> (r, i)
}}"""


@pytest.mark.parametrize(
    ("shape", "window"),
    [
        ((1, 3, 8, 6), "kernel_shape=[2,2], strides=[2,2]"),
        ((2, 3, 6, 6), "kernel_shape=[2,3], strides=[2,3]"),
        ((1, 2, 9), "kernel_shape=[3], strides=[3]"),
        ((1, 2, 4, 6, 8), "kernel_shape=[2,2,2], strides=[2,2,2]"),
    ],
)
def test_undoes_its_max_pool(shape, window):
    """As SegNet's decoder does: no scattering is needed."""
    text = SEGMENT.format(shape=",".join(map(str, shape)), window=window)
    ops = check(text_graph(text, opset=22), {"x": noise(*shape)})
    assert "Where" in ops
    assert "ScatterND" not in ops


def test_constant_indices_are_gathered():
    """Of a place named twice, the last value stays, as in ONNX Runtime."""
    indices = np.array([[[[0, 3], [9, 9]]]])
    check_node("MaxUnpool", [noise(1, 1, 2, 2), indices], kernel_shape=[2, 2], strides=[2, 2])


def test_overlapping_windows_are_refused():
    """A place may then belong to two windows; without overlap it belongs to one."""
    text = SEGMENT.format(shape="1,1,7,7", window="kernel_shape=[3,3], strides=[2,2]")
    with pytest.raises(UnsupportedOperatorError, match="MaxUnpool, opset 22, node y: Indices"):
        legalise(text_graph(text, opset=22), samples=[])


def test_indices_of_unknown_origin_are_refused():
    """They may name any place, or one place twice."""
    operands = [noise(1, 1, 2, 2), np.array([[[[0, 3], [9, 11]]]])]
    graph, _ = node_graph("MaxUnpool", operands, runtime=(0, 1), kernel_shape=[2, 2], strides=[2, 2])
    with pytest.raises(UnsupportedOperatorError, match="node y: Indices"):
        legalise(graph, samples=[])
