"""Convolutions and products with constant weights equal ONNX Runtime's."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.errors import UnsupportedOperatorError

RANDOM = np.random.default_rng(3)


def _weights(*shape: int) -> np.ndarray:
    return RANDOM.normal(0, 0.3, shape).astype(np.float32)


def _conv(attributes: str, *, channels: int = 4) -> str:
    return (
        f'<ir_version: 10, opset_import: ["": 21]> g (float[1,{channels},9,11] x) => (float y)'
        f" {{ y = Conv<{attributes}>(x, w, b) }}"
    )


@pytest.mark.parametrize(
    ("attributes", "shape", "channels"),
    [
        ("group=1", (6, 4, 3, 3), 4),
        ("strides=[2,2], pads=[1,1,1,1]", (6, 4, 3, 3), 4),
        ("pads=[1,1,1,1]", (6, 4, 3, 3), 4),
        ("strides=[1,2]", (6, 4, 1, 2), 4),
        ("dilations=[2,2], pads=[2,2,2,2]", (6, 4, 3, 3), 4),
        ('auto_pad="SAME_UPPER", strides=[2,2]', (6, 4, 3, 3), 4),
        ("group=2", (6, 2, 3, 3), 4),
        ("group=6, pads=[1,1,1,1]", (6, 1, 3, 3), 6),
        ("group=3", (6, 1, 3, 3), 3),
    ],
)
def test_conv(graph_of, agrees, attributes: str, shape: tuple[int, ...], channels: int) -> None:
    """Strides, dilations, groups, depthwise multipliers, SAME and VALID padding are exact."""
    graph = graph_of(_conv(attributes, channels=channels), {"w": _weights(*shape), "b": _weights(6)})
    agrees(graph)


def test_pads_that_tflite_has_not_are_refused(graph_of, images) -> None:
    """Pads that are neither VALID nor SAME never become one of the two silently."""
    graph = graph_of(_conv("pads=[2,0,0,0]"), {"w": _weights(6, 4, 3, 3), "b": _weights(6)})
    with pytest.raises(UnsupportedOperatorError, match=r"pads \[2, 0, 0, 0\]"):
        emit(graph, precision="fp32", description=images(graph))


def test_relu_is_part_of_the_convolution(graph_of, agrees, operators) -> None:
    """Conv and Relu become one CONV_2D; Conv and Elu stay two."""
    text = '<ir_version: 10, opset_import: ["": 21]> g (float[1,4,8,8] x) => (float[1,6,6,6] y) {{ c = Conv(x, w) y = {}(c) }}'
    constants = {"w": _weights(6, 4, 3, 3)}
    fused = graph_of(text.format("Relu"), constants)
    agrees(fused)
    assert operators(fused) == ["CONV_2D"]
    assert operators(graph_of(text.format("Elu"), constants)) == ["CONV_2D", "ELU"]


@pytest.mark.parametrize(
    ("attributes", "kernel"),
    [("strides=[2,2]", 3), ("strides=[2,2], pads=[1,1,1,1]", 4), ("strides=[3,3]", 2), ("strides=[1,1]", 3)],
)
def test_conv_transpose(graph_of, agrees, attributes: str, kernel: int) -> None:
    """Transposed convolutions without pads, and with SAME's, are exact."""
    text = (
        '<ir_version: 10, opset_import: ["": 21]> g (float[1,4,5,7] x) => (float y)'
        f" {{ y = ConvTranspose<{attributes}>(x, w, b) }}"
    )
    agrees(graph_of(text, {"w": _weights(4, 6, kernel, kernel), "b": _weights(6)}))


def test_conv_transpose_with_groups_is_refused(graph_of, images) -> None:
    """TRANSPOSE_CONV has no groups."""
    text = (
        '<ir_version: 10, opset_import: ["": 21]> g (float[1,4,5,7] x) => (float y)'
        " { y = ConvTranspose<group=2>(x, w) }"
    )
    graph = graph_of(text, {"w": _weights(4, 3, 3, 3)})
    with pytest.raises(UnsupportedOperatorError, match="ungrouped"):
        emit(graph, precision="fp32", description=images(graph))


@pytest.mark.parametrize(
    ("left", "right"), [("2,5", (5, 3)), ("2,4,5", (5, 3)), ("1,2,4,5", (5, 3)), ("3,4,5", (3, 5, 2))]
)
def test_matmul_with_constant(graph_of, agrees, left: str, right: tuple[int, ...]) -> None:
    """A constant right matrix becomes FULLY_CONNECTED where it can; the product is the same."""
    text = f'<ir_version: 10, opset_import: ["": 21]> g (float[{left}] x) => (float y) {{ y = MatMul(x, w) }}'
    agrees(graph_of(text, {"w": _weights(*right)}), nhwc=False)


def test_matmul_of_two_inputs(graph_of, agrees) -> None:
    """Two runtime matrices are multiplied with broadcast batches."""
    text = '<ir_version: 10, opset_import: ["": 21]> g (float[2,3,4,5] x, float[1,3,5,2] z) => (float[2,3,4,2] y) { y = MatMul(x, z) }'
    agrees(graph_of(text), nhwc=False)


def test_gemm(graph_of, agrees) -> None:
    """Gemm with transB and a bias is FULLY_CONNECTED."""
    text = '<ir_version: 10, opset_import: ["": 21]> g (float[2,5] x) => (float[2,3] y) { y = Gemm<transB=1>(x, w, b) }'
    agrees(graph_of(text, {"w": _weights(3, 5), "b": _weights(3)}))


@pytest.mark.parametrize(
    ("attributes", "shape", "kind"),
    [
        ("group=1, strides=[2,1]", "6,6,3,3", "CONV_2D"),
        ("group=2, pads=[1,1,1,1]", "4,3,3,3", "CONV_2D"),
        ("group=6, dilations=[2,1]", "6,1,3,3", "DEPTHWISE_CONV_2D"),
        ("group=6", "12,1,2,3", "DEPTHWISE_CONV_2D"),
    ],
)
def test_conv_of_runtime_weights(graph_of, agrees, operators, attributes: str, shape: str, kind: str) -> None:
    """LiteRT's kernels take weights that an operator computes, with groups too."""
    text = (
        f'<ir_version: 10, opset_import: ["": 21]> g (float[1,6,9,11] x, float[{shape}] v) => (float y)'
        f" {{ w = Relu(v) y = Conv<{attributes}>(x, w) }}"
    )
    graph = graph_of(text)
    agrees(graph, nhwc=False)
    assert kind in operators(graph)


def test_conv_transpose_of_runtime_weights(graph_of, agrees) -> None:
    """TRANSPOSE_CONV too."""
    text = (
        '<ir_version: 10, opset_import: ["": 21]> g (float[1,4,5,7] x, float[4,3,2,3] v) => (float y)'
        " { w = Relu(v) y = ConvTranspose<strides=[2,2]>(x, w) }"
    )
    agrees(graph_of(text), nhwc=False)
