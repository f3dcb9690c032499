"""Pads that TFLite needs apart go back into their operators, where nothing but the number of nodes changes."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from mobilekit.convert import qdq
from mobilekit.quantisation import Scale
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import graph_from_proto
from tests.convert.qdq.conftest import feeds_of, graph_of, plan_of

MAP = "float[1, 3, 8, 8] x"
W = {"w": np.random.default_rng(0).normal(0, 0.2, (4, 3, 3, 3)).astype(np.float32)}
AMOUNTS = np.array([0, 0, 1, 2, 0, 0, 0, 1])
LOWEST = np.float32(-3.4028235e38)

CASES = {
    "Conv": ("p = Pad(x, a) y = Conv<strides = [2,2]>(p, w)", {**W, "a": AMOUNTS}),
    "Conv with pads": (
        "p = Pad(x, a, v) y = Conv<pads = [1,1,1,1]>(p, w)",
        {**W, "a": AMOUNTS, "v": np.float32(0)},
    ),
    "MaxPool": ("p = Pad(x, a, v) y = MaxPool<kernel_shape = [3,3]>(p)", {"a": AMOUNTS, "v": LOWEST}),
}
LEFT = {
    "another value": ("p = Pad(x, a, v) y = Conv(p, w)", {**W, "a": AMOUNTS, "v": np.float32(1)}),
    "a second reader": ("p = Pad(x, a) c = Conv(p, w) s = Slice(p, b, e, b) y = Exp(c) z = Exp(s)",
        {**W, "a": AMOUNTS, "b": np.array([0]), "e": np.array([1])}),
    "channels": ("p = Pad(x, a) y = Conv(p, v)",
        {"v": W["w"][:, :, :, :].repeat(2, 1)[:, :4], "a": np.array([0, 1, 1, 1, 0, 0, 1, 1])}),
    "zeros under a maximum": ("p = Pad(x, a) y = MaxPool<kernel_shape = [3,3]>(p)", {"a": AMOUNTS}),
    "an average": ("p = Pad(x, a) y = AveragePool<kernel_shape = [3,3]>(p)", {"a": AMOUNTS}),
}  # fmt: skip


def written(graph, plan):
    """The model, and its operators that compute."""
    precision = "int8" if plan else "fp32"
    model = onnx.ModelProto.FromString(qdq.emit(graph, precision=precision, plan=plan))
    return model, [n.op_type for n in model.graph.node if "Linear" not in n.op_type]


@pytest.mark.parametrize("name", CASES)
def test_a_pad_goes_back(name):
    """One operator, in float and in integers; results are those of two."""
    body, constants = CASES[name]
    graph = graph_of(body, constants, inputs=MAP)
    feed = feeds_of(graph)[0]
    for plan in (
        None,
        plan_of(graph_of(body.replace("v)", ")") if name == "MaxPool" else body, constants, inputs=MAP)),
    ):
        model, kinds = written(graph, replace(plan, graph_digest=graph.digest) if plan else None)
        assert kinds == [name.split()[0]]
        with open_graph(graph) as one, open_graph(graph_from_proto(model, stage="legalised")) as other:
            wanted, got = one.run(feed)["y"], other.run(feed)["y"]
        assert np.abs(wanted - got).max() < (0.1 if plan else 1e-5)


@pytest.mark.parametrize("name", LEFT)
def test_what_means_something_else_stays(name):
    """Other values, other readers, other axes, and pools that count what they see."""
    body, constants = LEFT[name]
    outputs = "float y, float z" if "z =" in body else "float y"
    _, kinds = written(graph_of(body, constants, inputs=MAP, outputs=outputs), None)
    assert "Pad" in kinds


def test_pads_of_other_integers_stay():
    """Where the plan has one of the two in float, or at two scales, nothing is moved."""
    body, constants = CASES["Conv"]
    graph = graph_of(body, constants, inputs=MAP)
    assert written(graph, plan_of(graph, floats=("p",)))[1] == ["Pad", "Conv"]
    plan = plan_of(graph)
    other = Scale(scale=2 * plan.values["p"].scale, zero_point=0)
    assert written(graph, replace(plan, values={**plan.values, "p": other}))[1] == ["Pad", "Conv"]
