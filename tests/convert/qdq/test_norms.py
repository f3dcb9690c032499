"""The normalisations in ONNX's own operators compute what the functions of domain mobilekit do."""

import numpy as np
import onnx
import pytest

from mobilekit.convert import qdq
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import graph_from_proto
from tests.convert.qdq.conftest import graph_of

C = 6
RNG = np.random.default_rng(2)
EPS = np.full((1, 1, 1, 1), 1e-2, np.float32)
EACH = RNG.uniform(1e-3, 1.0, (1, C, 1, 1)).astype(np.float32)


def along(axis, size, rank=4):
    """A scale that differs along one axis."""
    shape = [size if i == axis else 1 for i in range(rank)]
    return RNG.normal(1, 0.5, shape).astype(np.float32)


# Inputs, node, constants, and the operators that are expected.
MAP = f"float[2, {C}, 4, 5] x"
NORM = "y = mobilekit.Normalize<axes = [2, 3]>(x, s, b, e)"
CHANNELS = {"s": along(1, C), "b": along(1, C)}
CASES = {
    "over the map": (MAP, NORM, {**CHANNELS, "e": EPS}, ["InstanceNormalization"]),
    "an epsilon per channel": (MAP, NORM, {**CHANNELS, "e": EACH}, ["Mul", "InstanceNormalization"]),
    "neutral scale": (MAP, NORM, {"s": EPS / EPS, "b": 0 * EPS, "e": EPS}, ["InstanceNormalization"]),
    "scale at run time": (
        f"{MAP}, float[2, {C}, 1, 1] s, float[2, {C}, 1, 1] b",
        NORM,
        {"e": EPS},
        ["InstanceNormalization", "Mul", "Add"],
    ),
    "scale along a row": (
        MAP,
        NORM,
        {"s": along(3, 5), "b": CHANNELS["b"], "e": EPS},
        ["InstanceNormalization", "Mul", "Add"],
    ),
    "added to the root": (
        MAP,
        "y = mobilekit.Normalize<axes = [2, 3], outside = 0.5>(x, s, b, e)",
        {**CHANNELS, "e": EPS},
        ["ReduceMean", "Sub", "Mul", "ReduceMean", "Add", "Sqrt", "Add", "Div", "Mul", "Add"],
    ),
    "over the last axis": (
        MAP,
        "y = mobilekit.Normalize<axes = [3]>(x, s, b, e)",
        {"s": along(3, 5), "b": along(3, 5), "e": EPS},
        ["LayerNormalization"],
    ),
    "over the last axis of three": (
        f"float[2, 4, {C}] x",
        "y = mobilekit.Normalize<axes = [2]>(x, s, b, e)",
        {"s": along(2, C, 3), "b": along(2, C, 3), "e": EPS[0]},
        ["LayerNormalization"],
    ),
    "over a line": (
        f"float[2, {C}, 5] x",
        "y = mobilekit.Normalize<axes = [2]>(x, s, b, e)",
        {"s": along(1, C, 3), "b": along(1, C, 3), "e": EPS[0]},
        ["InstanceNormalization"],
    ),
    "over the channels": (
        MAP,
        "y = mobilekit.Normalize<axes = [1]>(x, s, b, e)",
        {**CHANNELS, "e": EPS},
        ["Transpose", "LayerNormalization", "Transpose"],
    ),
    "over all but the batch": (
        MAP,
        "y = mobilekit.Normalize<axes = [1, 2, 3]>(x, s, b, e)",
        {**CHANNELS, "e": EPS},
        ["ReduceMean", "Sub", "Mul", "ReduceMean", "Add", "Sqrt", "Div", "Mul", "Add"],
    ),
    "groups": (
        MAP,
        "y = mobilekit.GroupNormalize<groups = 3>(x, s, b, e)",
        {**CHANNELS, "e": EPS},
        ["Reshape", "InstanceNormalization", "Reshape", "Mul", "Add"],
    ),
    "groups of channels with epsilons": (
        MAP,
        "y = mobilekit.GroupNormalize<groups = 3>(x, s, b, e)",
        {**CHANNELS, "e": EACH},
        None,
    ),
    "root mean square": (
        MAP,
        "y = mobilekit.RmsNormalize<axes = [3]>(x, s, e)",
        {"s": along(3, 5), "e": EPS},
        ["Mul", "ReduceMean", "Add", "Sqrt", "Div", "Mul"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_norm_is_the_same_in_other_words(name):
    """Every result within float32's rounding, and the operators that accelerators know."""
    inputs, body, constants, expected = CASES[name]
    graph = graph_of(body, constants, inputs=inputs)
    model = onnx.ModelProto.FromString(qdq.emit(graph, precision="fp32"))
    assert not model.functions
    if expected is not None:
        assert [n.op_type for n in model.graph.node] == expected
    rng = np.random.default_rng(0)
    feed = {s.name: rng.normal(0.3, 1, s.shape).astype(np.float32) for s in graph.inputs}
    with open_graph(graph) as one, open_graph(graph_from_proto(model, stage="legalised")) as other:
        wanted, got = one.run(feed)["y"], other.run(feed)["y"]
    assert np.allclose(wanted, got, rtol=1e-4, atol=1e-4)
