"""Factors of channels go where a graph hands them on, and nowhere else."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.convert.tflite.carried import carried, channels_of, role
from mobilekit.convert.tflite.view import view_of
from mobilekit.errors import PlanError
from mobilekit.normalise.functions import attach_functions, infer_shapes
from mobilekit.source.graph import Graph, graph_from_proto

CONSTANTS = {
    "w": np.ones((4, 3, 1, 1)),
    "v": np.ones((2, 4, 1, 1)),
    "u": np.ones((2, 8, 1, 1)),
    "k": np.ones((2, 16)),
    "slope": np.full((4, 1, 1), 0.5),
    "one": np.ones((1, 4, 1, 1)),
    "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    "wide": np.array([0, 1, 0, 0, 0, 1, 0, 0]),
    "half": np.array(0.5),
    "zero": np.array(0.0),
    "six": np.array(6.0),
    "sizes": np.array([1, 4, 16, 16]),
    "hw": np.array([2, 3]),
    "flat": np.array([1, 16]),
    "parts": np.array([1, 3]),
    "start": np.array([1]),
    "end": np.array([3]),
    "axis": np.array([1]),
    "step": np.array([1]),
    "eps": np.full((1, 1, 1, 1), 1e-3),
}
FACTORS = {"c": (1.0, 2.0, 4.0, 8.0)}
GIVEN = np.array(FACTORS["c"])


def graph_of(text: str, constants: dict[str, np.ndarray]) -> Graph:
    """A legalised graph; the shapes of its outputs are inferred."""
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 21, "mobilekit": 1]> {text}')
    for name, array in constants.items():
        typed = array.astype(np.float32) if array.dtype.kind == "f" else array
        model.graph.initializer.append(onnx.numpy_helper.from_array(typed, name))
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    attach_functions(model)
    return graph_from_proto(infer_shapes(model), stage="legalised")


def graph_with(body: str) -> Graph:
    """A convolution ``c``, then ``body``, whose value ``m`` a convolution reads."""
    text = f"""
    g (float[1, 3, 8, 8] x, float[1, 4, 1, 1] s) => (float[1, 2, rows, columns] d) {{
        c = Conv(x, w)
        {body}
        d = Conv(m, v)
    }}"""
    return graph_of(text, CONSTANTS)


@pytest.mark.parametrize(
    "body",
    [
        "m = Relu(c)",
        "m = LeakyRelu<alpha = 0.1>(c)",
        "m = PRelu(c, slope)",
        "m = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(c)",
        "m = AveragePool<kernel_shape = [2, 2]>(c)",
        'm = Resize<mode = "linear">(c, , , sizes)',
        "m = Pad(c, pads)",
        "m = Add(c, c)",
        "m = Max(c, one)",
        "m = Mul(c, s)",
        "m = Mul(c, half)",
        "m = Clip(c, zero)",
        "r = Relu(c)\n l = LeakyRelu(c)\n m = Sub(r, l)",
        "m = Transpose<perm = [0, 1, 3, 2]>(c)",
    ],
)
def test_each_channel_keeps_its_factor(body: str) -> None:
    """What is positively homogeneous in each channel hands on what it reads."""
    view = view_of(graph_with(body))
    found = carried(view, FACTORS)
    assert np.array_equal(found["m"], GIVEN)
    assert "d" not in found


@pytest.mark.parametrize(
    "body",
    [
        "m = Sigmoid(c)",
        "m = Clip(c, zero, six)",
        "m = Pad(c, pads, half)",
        "m = Pad(c, wide)",
        "m = Add(c, s)",
        "m = Mul(c, c)",
        "m = Transpose<perm = [0, 2, 1, 3]>(c)",
        "t = Tanh(c)\n m = Add(c, t)",
        "m = ReduceMean<keepdims = 1>(c, axis)",
    ],
)
def test_what_minds_factors_refuses_them(body: str) -> None:
    """Curves, bounds, channels beside each other, and sums with what has other factors."""
    text = f"g (float[1, 3, 8, 8] x, float[1, 4, 1, 1] s) => (float y) {{ c = Conv(x, w)\n {body}\n y = Exp(m) }}"
    view = view_of(graph_of(text, CONSTANTS))
    with pytest.raises(PlanError):
        carried(view, FACTORS)


def test_channels_that_move() -> None:
    """Concat, Slice, Split, Reshape and means over positions move factors with their channels."""
    text = """
    g (float[1, 3, 2, 2] x) => (float[1, 2, 2, 2] y, float[1, 2] z) {
        c = Conv(x, w)
        e = Conv(x, w)
        j = Concat<axis = 1>(e, c)
        p, q = Split<axis = 1>(c, parts)
        t = Slice(c, start, end, axis, step)
        f = Reshape(c, flat)
        a = ReduceMean<keepdims = 1>(c, hw)
        y = Conv(j, u)
        z = Gemm<transB = 1>(f, k)
    }"""
    view = view_of(graph_of(text, CONSTANTS))
    found = carried(view, FACTORS)
    assert found["j"].tolist() == [1, 1, 1, 1, 1, 2, 4, 8]
    assert found["q"].tolist() == [2, 4, 8]
    assert found["t"].tolist() == [2, 4]
    assert found["f"].tolist() == np.repeat(GIVEN, 4).tolist()
    assert found["a"].tolist() == GIVEN.tolist()
    assert {"y", "z", "e"}.isdisjoint(found)


def test_a_sum_needs_the_same_factors() -> None:
    """Two producers that meet must agree; then their sum has the factors of both."""
    text = """
    g (float[1, 3, 2, 2] x) => (float[1, 2, 2, 2] y) {
        c = Conv(x, w)
        e = Conv(x, w)
        a = Add(c, e)
        y = Conv(a, v)
    }"""
    view = view_of(graph_of(text, CONSTANTS))
    assert np.array_equal(carried(view, {**FACTORS, "e": FACTORS["c"]})["a"], GIVEN)
    with pytest.raises(PlanError, match="meet in a"):
        carried(view, FACTORS)


def test_norms_take_what_they_read_and_hand_on_what_scales_them() -> None:
    """A spatial norm absorbs; with computed scale and bias its output has the factors of both."""
    text = """
    g (float[1, 3, 4, 4] x, float[1, 3, 1, 1] h) => (float[1, 2, 4, 4] y) {
        c = Conv(x, w)
        e = Conv(h, w)
        f = Add(e, one)
        n = mobilekit.Normalize<axes: ints = [2, 3]>(c, f, e, eps)
        y = Conv(n, v)
    }"""
    view = view_of(graph_of(text, CONSTANTS))
    assert set(carried(view, FACTORS)) == {"c"}
    assert np.array_equal(carried(view, {"e": FACTORS["c"]})["n"], GIVEN)


@pytest.mark.parametrize(
    "factors",
    [
        {"c": (1.0, 2.0)},
        {"c": (1.0, 2.0, 0.0, 1.0)},
        {"x": (1.0, 1.0, 2.0)},
        {"d": (2.0, 2.0)},
        {"gone": (1.0,)},
    ],
)
def test_factors_that_do_not_fit(factors: dict[str, tuple[float, ...]]) -> None:
    """Too few, not positive, of an input, of the graph's output, of nothing."""
    text = "g (float[1, 3, 2, 2] x) => (float[1, 2, 2, 2] d) { c = Conv(x, w)\n d = Conv(c, v) }"
    with pytest.raises(PlanError):
        carried(view_of(graph_of(text, CONSTANTS)), factors)


def test_only_floats_of_two_axes_have_channels() -> None:
    """Constants, integers and vectors have none; an unknown operator has no role."""
    text = (
        "g (float[1, 3, 2, 2] x, float[4] l) => (float[1, 3, 2, 2] y, float[4] o) { y = Sin(x)\n o = Sin(l) }"
    )
    view = view_of(graph_of(text, CONSTANTS))
    assert [channels_of(view, name) for name in ("x", "l", "w")] == [3, 0, 0]
    assert role(view, view.nodes[0]).links == ()
