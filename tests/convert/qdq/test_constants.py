"""Weights, biases and operands: the integers of the .tflite file, and the forms that NPUs take."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from mobilekit.convert import qdq
from mobilekit.convert.tflite.api import draft
from mobilekit.quantisation import OperatorPlan
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import graph_from_proto
from tests.convert.qdq.conftest import feeds_of, graph_of, plan_of

RNG = np.random.default_rng(5)
MAP = "float[1, 8, 6, 6] x"


def noise(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def held_in(graph, plan):
    """The initializers of the QDQ model, and the model."""
    model = onnx.ModelProto.FromString(qdq.emit(graph, precision="int8", plan=plan))
    return {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}, model


@pytest.mark.parametrize(
    ("body", "weights", "axis"),
    [
        ("y = Conv(x, w, b)", noise(4, 8, 3, 3), 0),
        ("y = Conv<group=8>(x, w, b)", noise(8, 1, 3, 3), 0),
        ("y = ConvTranspose<strides=[2,2]>(x, w, b)", noise(8, 4, 2, 2), 1),
    ],
)
def test_weights_and_biases_are_those_of_the_tflite_file(body, weights, axis):
    """The same integers in ONNX's order, the same scales, along the output channels."""
    channels = weights.shape[axis]
    graph = graph_of(body, {"w": weights, "b": noise(channels)}, inputs=MAP)
    plan = plan_of(graph)
    held, model = held_in(graph, plan)
    built = draft(graph, precision="int8", plan=plan)
    for name, dtype in (("w", "int8"), ("b", "int32")):
        index = next(i for i, t in enumerate(built.tensors) if t.name == f"{name}/{dtype}")
        theirs = built.array_of(index)
        if name == "w":
            order = (3, 0, 1, 2) if "group" in body or "Transpose" in body else (0, 3, 1, 2)
            theirs = theirs.transpose(order)
        assert np.array_equal(held[f"{name}/{dtype}"], theirs)
        scales = np.float32(built.tensors[index].quantisation.scales)
        assert np.array_equal(held[f"{name}/{dtype}/scale"], scales)
    nodes = {n.output[0]: n for n in model.graph.node}
    assert [a.i for a in nodes["w/int8/float"].attribute if a.name == "axis"] == [axis]


def test_one_output_channel_is_a_channel_still():
    """Its scale is a vector of one, as of any number of channels."""
    graph = graph_of("y = Conv(x, w, b)", {"w": noise(1, 8, 3, 3), "b": noise(1)}, inputs=MAP)
    held, _ = held_in(graph, plan_of(graph))
    assert held["w/int8/scale"].shape == held["b/int32/scale"].shape == (1,)


def test_leaky_relu_has_a_slope_in_integers():
    """As PRelu: HTP refuses the slope that Qualcomm's provider would make of the attribute."""
    graph = graph_of("y = LeakyRelu<alpha = 0.2>(x)", inputs=MAP)
    held, model = held_in(graph, plan_of(graph))
    assert [n.op_type for n in model.graph.node if "Linear" not in n.op_type] == ["PRelu"]
    step, zero, slope = (held[f"y/slope/uint8{part}"] for part in ("/scale", "/zero_point", ""))
    assert step * (slope.astype(np.int32) - zero) == pytest.approx([0.2], rel=1e-6)


@pytest.mark.parametrize(("precision", "held_as"), [("int8-weights", np.int8), ("fp16-weights", np.float16)])
def test_weights_alone_in_fewer_bits_are_floats_again_by_plain_operators(precision, held_as):
    """No DequantizeLinear stands alone: NPUs refuse it, and every runtime folds the rest."""
    graph = graph_of("y = Conv(x, w)", {"w": noise(4, 8, 3, 3)}, inputs=MAP)
    plan = replace(plan_of(graph), operators={"y": OperatorPlan(precision=precision)})
    held, model = held_in(graph, plan)
    assert not [n for n in model.graph.node if "Linear" in n.op_type]
    assert np.dtype(held_as) in {array.dtype for array in held.values()}
    feed = feeds_of(graph)[0]
    with open_graph(graph) as one, open_graph(graph_from_proto(model, stage="legalised")) as other:
        wanted, got = one.run(feed)["y"], other.run(feed)["y"]
    assert np.abs(wanted - got).max() < 0.02 * np.ptp(wanted)


def test_a_pad_fills_in_what_integers_can_say():
    """The lowest float of a max-pool's border is the lowest integer's value here."""
    constants = {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "v": np.float32(-3.4e38)}
    graph = graph_of("p_ = Pad(x, p, v) y = Relu(p_)", constants, inputs=MAP)
    plan = plan_of(graph_of("y = Relu(x)", inputs=MAP))
    scale = plan.values["x"]
    plan = replace(
        plan,
        graph_digest=graph.digest,
        values={**plan.values, "p_": scale},
        operators={name: OperatorPlan(precision="int8") for name in ("p_", "y")},
    )
    held, _ = held_in(graph, plan)
    assert held["p_/filler"] == pytest.approx(scale.scale * (-128 - scale.zero_point))


def test_depthwise_weights_alone_stay_float():
    """As in the .tflite file, whose kernels have no such bytes."""
    graph = graph_of("y = Conv<group = 8>(x, w)", {"w": noise(8, 1, 3, 3)}, inputs=MAP)
    plan = replace(plan_of(graph), operators={"y": OperatorPlan(precision="int8-weights")})
    held, model = held_in(graph, plan)
    assert [node.op_type for node in model.graph.node] == ["Conv"]
    assert held["w"].dtype == np.float32
