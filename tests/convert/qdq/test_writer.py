"""Where integers begin and end: activations, float islands, int16, signs."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from mobilekit.convert import qdq
from mobilekit.plan.int16 import plan_w8a16
from mobilekit.quantisation import OperatorPlan, Scale
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import graph_from_proto
from tests.convert.qdq.conftest import feeds_of, graph_of, plan_of

INPUTS = "float[1, 3, 8, 8] x"
W = {"w": np.random.default_rng(0).normal(0, 0.2, (4, 3, 3, 3)).astype(np.float32)}


def kinds(graph, plan, precision="int8"):
    """The operators of the model, and the model."""
    model = onnx.ModelProto.FromString(qdq.emit(graph, precision=precision, plan=plan))
    return [node.op_type for node in model.graph.node], model


@pytest.mark.parametrize(
    ("activation", "kind", "end"), [("Relu(c)", "Relu", 1e9), ("Clip(c, zero, six)", "Clip", 6.0)]
)
def test_an_activation_is_nothing_where_saturation_does_it(activation, kind, end):
    """At zero point -128 (and a range within the clip's) there is none; else it follows on integers."""
    bounds = {"zero": np.float32(0), "six": np.float32(6)} if kind == "Clip" else {}
    graph = graph_of(f"c = Conv(x, w) y = {activation}", {**W, **bounds}, inputs=INPUTS)
    plan = plan_of(graph)
    assert plan.values["y"].zero_point == -128
    assert plan.values["y"].scale * 255 < end
    found, _ = kinds(graph, plan)
    assert kind not in found
    wider = replace(plan, values={**plan.values, "y": Scale(scale=0.05, zero_point=0)})
    found, model = kinds(graph, wider)
    place = found.index(kind)
    assert found[place - 3 : place + 3] == [
        "Conv",
        "QuantizeLinear",
        "DequantizeLinear",
        kind,
        "QuantizeLinear",
        "DequantizeLinear",
    ]
    onnx.checker.check_model(model, full_check=True)


def test_a_float_operator_between_integers_stays_float():
    """Its operand is dequantised, its result quantised for integer readers only."""
    graph = graph_of(
        "c = Conv(x, w) s = Exp(c) d = MaxPool<kernel_shape=[2,2]>(s) y = Log(d)", W, inputs=INPUTS
    )
    _, model = kinds(graph, plan_of(graph))
    readers = {node.op_type: node.input[0] for node in model.graph.node}
    assert readers["Exp"] == "c"
    assert readers["MaxPool"] == "s/int8/float"
    assert readers["Log"] == "d"


def test_activations_are_unsigned_and_weights_are_not():
    """128 above the plan's integers, zero points too; weights and biases keep the sign."""
    graph = graph_of("y = Conv(x, w, b)", {**W, "b": np.ones(4, np.float32)}, inputs=INPUTS)
    plan = plan_of(graph)
    _, model = kinds(graph, plan)
    held = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    assert held["x/int8/zero_point"] == plan.values["x"].zero_point + 128
    assert held["x/int8/zero_point"].dtype == np.uint8
    assert (held["w/int8"].dtype, held["b/int32"].dtype) == (np.int8, np.int32)


def test_a_symmetric_plan_keeps_the_sign():
    """As TensorRT wants it: int8, all zero points zero."""
    graph = graph_of("y = Conv(x, w)", W, inputs=INPUTS)
    _, model = kinds(graph, plan_of(graph, symmetric=True))
    held = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    assert (held["x/int8/zero_point"].dtype, int(held["x/int8/zero_point"])) == (np.int8, 0)


def test_int16_is_uint16_in_the_file():
    """32768 higher; the result is that of the graph but for int8 weights."""
    body = "c = Conv<pads=[1,1,1,1]>(x, w) p = PRelu(c, s) y = Conv(p, v)"
    constants = {
        **W,
        "s": np.full((4, 1, 1), 0.3, np.float32),
        "v": np.random.default_rng(1).normal(0, 0.2, (2, 4, 3, 3)).astype(np.float32),
    }
    graph = graph_of(body, constants, inputs=INPUTS)
    plan = plan_w8a16(graph, feeds_of(graph))
    _, model = kinds(graph, plan, "w8a16")
    onnx.checker.check_model(model, full_check=True)
    held = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    assert (held["x/int16/zero_point"].dtype, int(held["x/int16/zero_point"])) == (np.uint16, 32768)
    feed = feeds_of(graph)[0]
    with open_graph(graph) as one, open_graph(graph_from_proto(model, stage="legalised")) as other:
        wanted, got = one.run(feed)["y"], other.run(feed)["y"]
    assert np.abs(wanted - got).max() < 0.02 * np.ptp(wanted)


@pytest.mark.parametrize(
    ("steepest", "expected"), [(0.9, ["Mul", "Max"]), (2.0, ["Relu", "Sub", "Mul", "Add"])]
)
def test_slopes_per_channel_are_steps_at_int16(steepest, expected):
    """HTP prepares no PRelu of 16 bits with them; the steps give the same within a few of 65535."""
    slopes = np.linspace(-0.5, steepest, 3).reshape(3, 1, 1).astype(np.float32)
    graph = graph_of("y = PRelu(x, s)", {"s": slopes}, inputs=INPUTS)
    scale = Scale(scale=8 / 32767, zero_point=0)
    plan = replace(
        plan_of(graph),
        values={},
        values_int16={"x": scale, "y": scale},
        operators={"y": OperatorPlan(precision="int16")},
    )
    found, model = kinds(graph, plan, "w8a16")
    assert [kind for kind in found if "Linear" not in kind] == expected
    feed = feeds_of(graph)[0]
    with open_graph(graph) as one, open_graph(graph_from_proto(model, stage="legalised")) as other:
        wanted, got = one.run(feed)["y"], other.run(feed)["y"]
    assert np.abs(wanted - got).max() < 4 * scale.scale


def test_bytes_become_floats_by_way_of_int32():
    """HTP takes a Cast of uint8 to floats and computes something else; every other Cast stays one."""
    graph = graph_of("y = Cast<to = 1>(x)", inputs="uint8[1, 3, 4, 4] x")
    found, model = kinds(graph, None, "fp32")
    assert found == ["Cast", "Cast"]
    pixels = np.arange(48, dtype=np.uint8).reshape(1, 3, 4, 4)
    with open_graph(graph_from_proto(model, stage="legalised")) as session:
        assert np.array_equal(session.run({"x": pixels})["y"], pixels.astype(np.float32))
    assert kinds(graph_of("y = Cast<to = 1>(x)", inputs="int32[4] x"), None, "fp32")[0] == ["Cast"]
