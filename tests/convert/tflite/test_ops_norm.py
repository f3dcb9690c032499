"""Normalisations equal their ONNX functions, also with statistics that are hard in float32."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.normalise.functions import attach_functions
from mobilekit.quantisation import OperatorPlan, QuantisationPlan, Scale
from mobilekit.runtimes.litert import open_tflite
from mobilekit.source.graph import Graph, graph_from_proto

HEAD = '<ir_version: 10, opset_import: ["": 21, "mobilekit": 1]> g'


def _graph(node: str, shape: str, constants: dict[str, np.ndarray], extra: str = "") -> Graph:
    model = onnx.parser.parse_model(f"{HEAD} (float[{shape}] x{extra}) => (float[{shape}] y) {{ {node} }}")
    attach_functions(model)
    for name, array in constants.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    return graph_from_proto(model, stage="legalised")


def _per_channel(channels: int, low: float, high: float, rank: int = 4) -> np.ndarray:
    shape = (1, channels) + (1,) * (rank - 2)
    return np.random.default_rng(2).uniform(low, high, shape).astype(np.float32)


@pytest.mark.parametrize("neutral", [True, False])
@pytest.mark.parametrize("axes", ["2, 3", "1, 2, 3", "1"])
def test_normalize_over_axes(agrees, neutral: bool, axes: str) -> None:
    """Instance, layer and channel norms with and without an affine part."""
    constants = {
        "s": np.ones((1, 1, 1, 1), np.float32) if neutral else _per_channel(6, 0.5, 2),
        "b": np.zeros((1, 1, 1, 1), np.float32) if neutral else _per_channel(6, -1, 1),
        "e": np.full((1, 1, 1, 1), 1e-5, np.float32),
    }
    node = f"y = mobilekit.Normalize<axes=[{axes}]>(x, s, b, e)"
    agrees(_graph(node, "1,6,9,7", constants))


@pytest.mark.parametrize("neutral", [True, False])
@pytest.mark.parametrize(("channels", "convolved"), [(3, True), (8, True), (9, False)])
def test_few_channels_of_a_large_map(
    agrees, operators, neutral: bool, channels: int, convolved: bool
) -> None:
    """Means along them are convolutions: every channel gets the mean at once."""
    constants = {
        "s": np.ones((1, 1, 1, 1), np.float32) if neutral else _per_channel(channels, 0.5, 2),
        "b": np.zeros((1, 1, 1, 1), np.float32) if neutral else _per_channel(channels, -1, 1),
        "e": np.full((1, 1, 1, 1), 1e-5, np.float32),
    }
    # Beside a convolution a map is channels-last in the file.
    constants["w"] = np.random.default_rng(3).standard_normal((channels, 1, 3, 3)).astype(np.float32)
    conv = f"c = Conv<group={channels}, kernel_shape=[3, 3], pads=[1, 1, 1, 1]>(x, w)"
    norm = "y = mobilekit.Normalize<axes=[1]>(c, s, b, e)"
    graph = _graph(f"{conv} {norm}", f"1,{channels},32,34", constants)
    agrees(graph)
    assert ("CONV_2D" in operators(graph)) == convolved
    assert ("MEAN" in operators(graph)) != convolved


def test_epsilon_per_channel_and_relu(agrees, operators) -> None:
    """Epsilon may differ per channel (equalisation needs it); a following Relu is fused."""
    constants = {
        "s": _per_channel(6, 0.5, 2), "b": _per_channel(6, -1, 1), "e": _per_channel(6, 0.01, 3.0),
    }  # fmt: skip
    graph = _graph("n = mobilekit.Normalize<axes=[2, 3]>(x, s, b, e) y = Relu(n)", "1,6,9,7", constants)
    agrees(graph)
    assert "RELU" not in operators(graph)


def test_adain_takes_runtime_scale_and_bias(agrees) -> None:
    """Scale and bias computed from another input (AdaIN)."""
    constants = {"e": np.full((1, 1, 1, 1), 1e-5, np.float32)}
    node = "y = mobilekit.Normalize<axes=[2, 3]>(x, s, b, e)"
    agrees(_graph(node, "1,6,9,7", constants, ", float[1,6,1,1] s, float[1,6,1,1] b"))


def test_layer_norm_of_tokens(agrees) -> None:
    """Scale and bias vary over the reduced axis: they are applied to the map itself."""
    random = np.random.default_rng(4)
    constants = {
        "s": random.uniform(0.5, 2, (1, 1, 16)).astype(np.float32),
        "b": random.normal(0, 1, (1, 1, 16)).astype(np.float32),
        "e": np.full((1, 1, 1), 1e-5, np.float32),
    }
    agrees(_graph("y = mobilekit.Normalize<axes=[2]>(x, s, b, e)", "2,5,16", constants), nhwc=False)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm(agrees, groups: int) -> None:
    """Group statistics from channel statistics, from layer norm (1) to instance norm (C)."""
    constants = {
        "s": _per_channel(6, 0.5, 2), "b": _per_channel(6, -1, 1), "e": np.full((1, 1, 1, 1), 1e-5, np.float32),
    }  # fmt: skip
    agrees(_graph(f"y = mobilekit.GroupNormalize<groups={groups}>(x, s, b, e)", "2,6,9,7", constants))


def test_rms_norm(agrees) -> None:
    """RMS normalisation over the last axis."""
    constants = {
        "s": np.random.default_rng(4).uniform(0.5, 2, (1, 1, 16)).astype(np.float32),
        "e": np.full((1, 1, 1), 1e-6, np.float32),
    }
    agrees(_graph("y = mobilekit.RmsNormalize<axes=[2]>(x, s, e)", "2,5,16", constants), nhwc=False)


@pytest.mark.parametrize("axes", ["2, 3", "1"])
@pytest.mark.parametrize("outside", [1e-3, 0.5])
def test_what_is_added_to_the_root(agrees, operators, axes: str, outside: float) -> None:
    """A number outside of the root needs the root itself, with an epsilon under it and without."""
    for epsilon in (0.0, 0.25):
        constants = {
            "s": _per_channel(6, 0.5, 2),
            "b": _per_channel(6, -1, 1),
            "e": np.full((1, 1, 1, 1), epsilon, np.float32),
        }
        graph = _graph(
            f"y = mobilekit.Normalize<axes=[{axes}], outside={outside}>(x, s, b, e)", "1,6,9,7", constants
        )
        agrees(graph)
        assert {"SQRT", "DIV"} <= set(operators(graph))
        assert "RSQRT" not in operators(graph)


def test_few_channels_with_a_number_outside_are_not_convolved(agrees, operators) -> None:
    """The convolutions of few channels have epsilon under the root only: their twin with ``outside`` has means."""
    constants = {
        "s": np.ones((1, 1, 1, 1), np.float32),
        "b": np.zeros((1, 1, 1, 1), np.float32),
        "e": np.zeros((1, 1, 1, 1), np.float32),
        "w": np.random.default_rng(3).standard_normal((3, 1, 3, 3)).astype(np.float32),
    }
    conv = "c = Conv<group=3, kernel_shape=[3, 3], pads=[1, 1, 1, 1]>(x, w)"
    graph = _graph(
        f"{conv} y = mobilekit.Normalize<axes=[1], outside=0.5>(c, s, b, e)", "1,3,32,34", constants
    )
    agrees(graph)
    assert "MEAN" in operators(graph)


def test_nothing_outside_is_no_root(agrees, operators) -> None:
    """The negative twin: an ``outside`` of zero is one RSQRT."""
    constants = {
        "s": _per_channel(6, 0.5, 2), "b": _per_channel(6, -1, 1), "e": np.full((1, 1, 1, 1), 0.25, np.float32),
    }  # fmt: skip
    graph = _graph("y = mobilekit.Normalize<axes=[2, 3], outside=0.0>(x, s, b, e)", "1,6,9,7", constants)
    agrees(graph)
    assert "RSQRT" in operators(graph)
    assert "SQRT" not in operators(graph)


def _between_convolutions(channels: int, axes: str, weights: np.ndarray) -> tuple[Graph, QuantisationPlan]:
    """Conv, Normalize, Relu, Conv, with the convolutions in int8."""
    text = f"""{HEAD} (float[1,3,16,16] x) => (float[1,{channels},16,16] y) {{
        c = Conv(x, w, k) n = mobilekit.Normalize<axes=[{axes}]>(c, s, b, e) r = Relu(n) y = Conv(r, v) }}"""
    model = onnx.parser.parse_model(text)
    attach_functions(model)
    random = np.random.default_rng(4)
    constants = {
        "w": weights,
        "k": np.linspace(-3, 3, channels, dtype=np.float32),
        "v": random.normal(0, 0.3, (channels, channels, 1, 1)).astype(np.float32),
        "s": np.ones((1, 1, 1, 1), np.float32),
        "b": np.zeros((1, 1, 1, 1), np.float32),
        "e": np.full((1, 1, 1, 1), 1e-5, np.float32),
    }
    for name, array in constants.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    graph = graph_from_proto(model, stage="legalised")
    plan = QuantisationPlan(
        graph_digest=graph.digest,
        values={
            "x": Scale(scale=0.03, zero_point=0),
            "c": Scale(scale=0.05, zero_point=0),
            "r": Scale(scale=0.016, zero_point=-128),
            "y": Scale(scale=0.05, zero_point=0),
        },
        operators={name: OperatorPlan(precision="int8") for name in ("c", "y")},
    )
    return graph, plan


@pytest.mark.parametrize("axes", ["2, 3", "1, 2, 3"])
def test_between_int8_convolutions_the_map_is_read_once_less(agrees, operators, axes: str) -> None:
    """The mean of squares less the squared mean, no clamp before the QUANTIZE; right but for int8's steps."""
    weights = np.random.default_rng(3).normal(0, 0.5, (8, 3, 1, 1)).astype(np.float32)
    graph, plan = _between_convolutions(8, axes, weights)
    kinds = operators(graph, precision="int8", plan=plan)
    assert "SQUARED_DIFFERENCE" not in kinds
    assert "SQUARED_DIFFERENCE" in operators(graph)
    agrees(graph, precision="int8", plan=plan, tolerance=0.05)


def test_a_constant_channel_stays_finite(agrees) -> None:
    """Its variance is what rounding leaves, cut off at zero: no root of a negative number."""
    weights = np.random.default_rng(3).normal(0, 0.5, (8, 3, 1, 1)).astype(np.float32)
    weights[2:4] = 0
    graph, plan = _between_convolutions(8, "2, 3", weights)
    got = agrees(graph, precision="int8", plan=plan, tolerance=0.05)
    assert np.isfinite(got["y"]).all()


def test_taps_of_a_value_that_is_clamped_by_its_integers(images, tmp_path) -> None:
    """The value of the Relu is read from the int8 tensor: the float one before it holds negative numbers."""
    weights = np.random.default_rng(3).normal(0, 0.5, (8, 3, 1, 1)).astype(np.float32)
    graph, plan = _between_convolutions(8, "2, 3", weights)
    path = tmp_path / "net.tflite"
    path.write_bytes(emit(graph, precision="int8", plan=plan, description=images(graph)))
    feed = {"x": np.random.default_rng(0).normal(0, 1, (1, 3, 16, 16)).astype(np.float32)}
    with open_tflite(path) as session:
        assert session.run(feed, taps=["r"])["r"].min() == 0
