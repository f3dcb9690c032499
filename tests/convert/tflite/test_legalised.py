"""What rules make of convolutions and pools, executed by LiteRT: equal to ONNX Runtime's results."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import noise, text_graph

VOLUME = noise(4, 3, 2, 3, 3)


def _conv3(attributes: str = "") -> str:
    return f"g (float[1,3,6,7,5] x) => (float y) {{ y = Conv{attributes} (x, w) }}"


CASES = {
    "conv over volumes": (_conv3("<pads=[1,1,0,1,0,0], strides=[1,2,1]>"), {"w": VOLUME}),
    "depthwise over volumes": (_conv3("<group=3>"), {"w": noise(6, 1, 3, 3, 3)}),
    "transposed over volumes": (
        "g (float[1,4,3,4,5] x) => (float y) { y = ConvTranspose <strides=[2,2,2], pads=[0,1,1,0,1,0]> (x, w) }",
        {"w": VOLUME},
    ),
    "maximum over volumes": (
        (
            "g (float[2,3,6,7,5] x) => (float y)"
            " { y = MaxPool <kernel_shape=[2,3,2], strides=[2,2,1], pads=[1,1,0,0,0,1]> (x) }"
        ),
        {},
    ),
    "average over volumes": (
        (
            "g (float[1,3,6,7,5] x) => (float y)"
            " { y = AveragePool <kernel_shape=[3,2,2], pads=[1,1,0,0,0,1], count_include_pad=1> (x) }"
        ),
        {},
    ),
    "runtime weights": (
        (
            "g (float[2,4,8,9] x, float[6,2,3,2] v) => (float y)"
            " { w = Relu(v) y = Conv <group=2, strides=[2,1], pads=[1,0,1,1]> (x, w) }"
        ),
        {},
    ),
    "modulated weights": (
        "g (float[1,4,8,9] x, float[1,4,1,1] style) => (float y) { v = Mul (w, style) y = Conv (x, v) }",
        {"w": noise(6, 4, 3, 3)},
    ),
    "depthwise transposed": (
        (
            "g (float[1,8,5,6] x) => (float y)"
            " { y = ConvTranspose <group=8, strides=[2,2], pads=[1,1,1,1], output_padding=[1,0]> (x, w, c) }"
        ),
        {"w": noise(8, 1, 3, 3), "c": noise(8)},
    ),
    "indices and their undoing": (
        (
            "g (float[2,3,8,6] x) => (float y, int64 i) {"
            " p, i = MaxPool <kernel_shape=[2,2], strides=[2,2]> (x) r = Relu (p)"
            " y = MaxUnpool <kernel_shape=[2,2], strides=[2,2]> (r, i) }"
        ),
        {},
    ),
    "deformed": (
        (
            "g (float[1,4,7,7] x, float[1,16,7,7] o) => (float y) { y = DeformConv <pads=[1,1,0,0], kernel_shape=[2,2],"
            " offset_group=2> (x, w, o) }"
        ),
        {"w": noise(4, 4, 2, 2)},
    ),
    "blocks": (
        "g (float[1,12,20] x) => (float y) { y = Col2Im (x, sizes, block) }",
        {"sizes": np.array([6, 5]), "block": np.array([2, 2])},
    ),
    "regions": (
        (
            "g (float[2,3,9,8] x, float[3,4] rois) => (float y)"
            " { y = RoiAlign <output_height=2, output_width=3, sampling_ratio=2> (x, rois, images) }"
        ),
        {"images": np.array([1, 0, 1])},
    ),
    "pad of six axes": (
        "g (float[2,3,2,2,3,2] x) => (float y) { y = Pad (x, pads) }",
        {"pads": np.array([1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 1])},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_litert_agrees(agrees, name: str) -> None:
    """The file of the legalised graph computes what the graph itself computes."""
    text, constants = CASES[name]
    agrees(legalise(text_graph(text, constants, opset=22), samples=[]).graph, nhwc=False)


def test_volumes_are_transposed_at_the_border_only(operators) -> None:
    """Two convolutions over volumes keep their channels last in between."""
    text = "g (float[1,3,6,7,5] x) => (float y) { a = Conv (x, w) r = Relu (a) y = Conv (r, v) }"
    graph = legalise(text_graph(text, {"w": VOLUME, "v": noise(4, 4, 2, 2, 2)}), samples=[]).graph
    kinds = operators(graph)
    assert kinds.count("TRANSPOSE") == 2
    assert "CONV_3D" not in kinds
