"""Where several operators compute the same, the one that delegates take and that is fast is written."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite.api import draft
from mobilekit.convert.tflite.delegates.operators import operators_of_draft
from mobilekit.convert.tflite.delegates.predict import predict
from mobilekit.convert.tflite.delegates.published import published_lists

HEAD = '<ir_version: 10, opset_import: ["": 21]> g'


@pytest.mark.parametrize(
    ("operands", "kinds"),
    [
        ({"s": [-1], "e": [-100], "a": [1], "t": [-1]}, ["REVERSE_V2"]),
        ({"s": [-1, -1], "e": [-100, -100], "a": [2, 3], "t": [-1, -1]}, ["REVERSE_V2", "REVERSE_V2"]),
        ({"s": [3], "e": [0], "a": [2], "t": [-1]}, ["SLICE", "REVERSE_V2"]),
        ({"s": [-1], "e": [-100], "a": [3], "t": [-3]}, ["STRIDED_SLICE", "REVERSE_V2"]),
        ({"s": [2, -1], "e": [0, -100], "a": [2, 1], "t": [-2, -1]}, ["SLICE", "REVERSE_V2"]),
        ({"s": [0], "e": [5], "a": [2], "t": [2]}, ["STRIDED_SLICE"]),
        ({"s": [1], "e": [3], "a": [2], "t": [1]}, ["SLICE"]),
    ],
)
@pytest.mark.parametrize("dtype", ["float", "int64", "bool"])
def test_backward_slices_are_reversed(graph_of, agrees, operators, operands, kinds, dtype) -> None:
    """Cut forwards, then turned: no stride is negative, which no accelerator takes."""
    constants = {name: np.array(values, np.int64) for name, values in operands.items()}
    text = f"{HEAD} ({dtype}[1,4,5,7] x) => ({dtype} y) {{ y = Slice(x, s, e, a, t) }}"
    agrees(graph_of(text, constants))
    assert operators(graph_of(text, constants)) == kinds


@pytest.mark.parametrize(
    ("parts", "dtype", "kind"),
    [
        ((2, 2), "float", "SPLIT"),
        ((1, 1, 1, 1), "float", "SPLIT"),
        ((1, 3), "float", "SPLIT_V"),
        ((2, 2), "int32", "SPLIT_V"),
    ],
)
def test_equal_parts_are_a_split(graph_of, agrees, operators, parts, dtype, kind) -> None:
    """SPLIT is what XNNPACK and every NPU take; other parts and types stay SPLIT_V."""
    names = ", ".join(f"p{i}" for i in range(len(parts)))
    text = f"{HEAD} ({dtype}[1,4,5,7] x) => ({dtype} p0) {{ {names} = Split<axis=1>(x, sizes) }}"
    graph = graph_of(text, {"sizes": np.array(parts, np.int64)})
    agrees(graph)
    assert kind in operators(graph)


def test_many_equal_parts_are_a_split_v(graph_of, agrees, operators) -> None:
    """XNNPACK splits into four at most, and fails on more than six axes."""
    text = f"{HEAD} (float[1,1,1,1,1,3,4] x) => (float p, float q) {{ p, q = Split<axis=6>(x, sizes) }}"
    seven = graph_of(text, {"sizes": np.array([2, 2], np.int64)})
    agrees(seven, nhwc=False)
    assert "SPLIT_V" in operators(seven)
    names = ", ".join(f"p{i}" for i in range(5))
    text = f"{HEAD} (float[1,4,5,7] x) => (float p0) {{ {names} = Split<axis=2>(x, sizes) }}"
    assert "SPLIT_V" in operators(graph_of(text, {"sizes": np.ones(5, np.int64)}))


@pytest.mark.parametrize("dtype", ["float", "int32", "int64", "bool", "uint8"])
def test_expand_is_a_tile(graph_of, agrees, operators, dtype) -> None:
    """Along every axis and of every type: TILE is far faster than BROADCAST_TO, and the GPU takes it."""
    text = f"{HEAD} ({dtype}[1,4,1,7] x) => ({dtype} y) {{ y = Expand(x, s) }}"
    graph = graph_of(text, {"s": np.array([2, 4, 5, 7], np.int64)})
    agrees(graph, nhwc=dtype != "uint8")
    assert [kind for kind in operators(graph) if kind != "TRANSPOSE"] == ["TILE"]


def test_dynamic_depthwise_weights_stay_float(graph_of, agrees, images) -> None:
    """XNNPACK has no depthwise convolution of floats by bytes; other convolutions of the file have int8."""
    random = np.random.default_rng(3)
    text = f"{HEAD} (float[1,4,9,9] x) => (float y) {{ c = Conv<group=4>(x, w) y = Conv(c, v) }}"
    weights = {"w": (4, 1, 3, 3), "v": (5, 4, 1, 1)}
    graph = graph_of(text, {n: random.standard_normal(s).astype(np.float32) for n, s in weights.items()})
    agrees(graph, precision="int8-dynamic", tolerance=0.05)
    found = operators_of_draft(draft(graph, precision="int8-dynamic", description=images(graph)))
    types = {o.kind: o.inputs[1].dtype for o in found}
    assert types == {"DEPTHWISE_CONV_2D": "float32", "CONV_2D": "qint8"}
    assert predict(found, published_lists()["xnnpack"]).whole


@pytest.mark.parametrize("keepdims", [0, 1])
def test_extremes_are_counted_in_int32(graph_of, agrees, images, keepdims) -> None:
    """The GPU and Qualcomm's NPU count in int32: only the CAST to ONNX's int64 is left to the CPU."""
    text = f"{HEAD} (float[1,4,5,7] x) => (int64 y) {{ y = ArgMax<axis=1, keepdims={keepdims}>(x) }}"
    graph = graph_of(text)
    agrees(graph)
    found = operators_of_draft(draft(graph, precision="fp32", description=images(graph)))
    prediction = predict(found, published_lists()["gpu"])
    assert {refused.operator for refused in prediction.refused} <= {"CAST", "TRANSPOSE"}
    assert "ARG_MAX" in {o.kind for o in found}
