"""Layers of one cell per channel are 1×1 convolutions; layers of rows stay layers."""

import numpy as np

from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph

GATE = (
    "g (float[1,4,6,6] x) => (float[1,4,6,6] y) {{ m = GlobalAveragePool (x) f = {flat} (m{shape})"
    " a = Gemm<transB=1> (f, w, b) p = PRelu (a, s) c = Gemm<transB=1> (p, v) g = Sigmoid (c)"
    " r = Reshape (g, map) y = Mul (x, r) }}"
)
CONSTANTS = {
    "w": noise(3, 4, seed=1), "b": noise(3, seed=2), "s": noise(3, seed=3), "v": noise(4, 3, seed=4),
    "map": np.array([1, 4, 1, 1]),
}  # fmt: skip


def test_gate():
    """No Reshape, and PRelu as one operator."""
    found = check_mil(text_graph(GATE.format(flat="Flatten", shape=""), CONSTANTS), {"x": noise(1, 4, 6, 6)})
    assert found == {"reduce_mean": 1, "conv": 2, "prelu": 1, "sigmoid": 1, "mul": 1}


def test_layer_of_a_vector():
    """What never was an image is ``linear``."""
    text = "g (float[2,4] x) => (float[2,3] y) { a = Gemm<transB=1> (x, w, b) y = Relu (a) }"
    constants = {name: CONSTANTS[name] for name in "wb"}
    assert check_mil(text_graph(text, constants), {"x": noise(2, 4)}) == {"linear": 1, "relu": 1}


def test_layer_of_a_map():
    """Cells of a map as one vector: its channels are no channels of one cell."""
    text = "g (float[1,2,1,2] x) => (float[1,3] y) { f = Flatten (x) y = Gemm<transB=1> (f, w, b) }"
    constants = {name: CONSTANTS[name] for name in "wb"}
    found = check_mil(text_graph(text, constants), {"x": noise(1, 2, 1, 2)})
    assert found == {"reshape": 1, "linear": 1}
