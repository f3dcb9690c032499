"""What a model's own float32 rounding can change, and what it cannot excuse."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.normalise.functions import attach_functions
from mobilekit.runtimes.ort import open_graph
from mobilekit.runtimes.rounding import allows, float32_limits, is_within_rounding
from mobilekit.source.graph import Graph, graph_from_proto

NORM = """<ir_version: 10, opset_import: ["": 21, "mobilekit": 1]>
g (float[1,2,16,16] x) => (float[1,2,16,16] y) {
    c = Mul(x, small) d = Add(c, large) y = mobilekit.Normalize<axes=[2, 3]>(d, s, b, e) }"""


def _graph(large: float) -> Graph:
    model = onnx.parser.parse_model(NORM)
    attach_functions(model)
    constants = {"small": 1e-4, "large": large, "s": 1, "b": 0, "e": 1e-12}
    for name, value in constants.items():
        array = np.full((1, 1, 1, 1), value, np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return graph_from_proto(onnx.shape_inference.infer_shapes(model), stage="normalised")


@pytest.fixture(name="feed")
def _feed():
    return {"x": np.random.default_rng(0).normal(size=(1, 2, 16, 16)).astype(np.float32)}


def test_a_norm_of_an_almost_constant_map_has_a_low_limit(feed):
    """1e-4 beside 0.5 leaves a dozen bits to normalise; beside 0 it leaves all."""
    hard, easy = float32_limits(_graph(0.5), feed)["y"], float32_limits(_graph(0.0), feed)["y"]
    assert 40 < hard < 80
    assert easy > 110


def test_equal_terms_of_a_sum_all_round_the_same_way():
    """A black photo: sums one by one of 0.1 are off by far more than chance has it, and no model is to blame."""
    model = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["": 21, "mobilekit": 1]>
        g (float[1,2,64,64] x) => (float[1,2,64,64] y) { y = mobilekit.Normalize<axes=[2, 3]>(x, s, b, e) }"""
    )
    attach_functions(model)
    for name, value in {"s": [1, 1], "b": [0.0, 0.5], "e": [1e-5, 1e-5]}.items():
        array = np.array(value, np.float32).reshape(1, 2, 1, 1)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    graph = graph_from_proto(onnx.shape_inference.infer_shapes(model), stage="normalised")
    flat = np.full((1, 2, 64, 64), 0.1, np.float32)
    summed = np.float32(0)
    for term in flat[0, 0].ravel():
        summed += term
    rough = np.full_like(flat, (np.float32(0.1) - summed / np.float32(4096)) / np.sqrt(np.float32(1e-5)))
    with open_graph(graph) as session:
        exact = session.run({"x": flat})["y"]
    error = np.abs(rough + np.array([0, 0.5], np.float32).reshape(1, 2, 1, 1) - exact).max()
    limit = float32_limits(graph, {"x": flat})["y"]
    assert allows(limit, float(20 * np.log10(np.ptp(exact) / error)))
    rippled = flat + np.linspace(-0.02, 0.02, 4096, dtype=np.float32).reshape(64, 64)
    assert float32_limits(graph, {"x": rippled})["y"] > limit + 30


def test_sums_of_constants_are_exact():
    """They are the same in every program: nothing of them is disturbed."""
    text = """<ir_version: 10, opset_import: ["": 21]>
        g (float[4] x) => (float[1] y) <float[4] c = {1, 1, 1, 1}>
        { k = Constant <value = float[2] {3, 3}> () a = ReduceSum(c) b = ReduceSum(k) d = Add(x, a) e = Mul(d, b)
          y = ReduceMean(e) }"""
    graph = graph_from_proto(onnx.parser.parse_model(text), stage="source")
    assert float32_limits(graph, {"x": np.arange(4, dtype=np.float32)}).keys() <= {"y"}


def test_opsets_without_random_kernels():
    """ONNX Runtime makes random numbers up to opset 21 only: later models have limits too."""
    text = (
        '<ir_version: 10, opset_import: ["": 23]> g (float[4] x) => (float[4] y) { z = Exp (x) y = Sin (z) }'
    )
    graph = graph_from_proto(onnx.parser.parse_model(text), stage="normalised")
    assert 100 < float32_limits(graph, {"x": np.arange(4, dtype=np.float32)})["y"] < 160


def test_only_what_rounding_can_do_is_within_it(feed):
    """The last bits of the hard model may differ, one per cent of them may not; nor those of the easy one."""
    graph = _graph(0.5)
    with open_graph(graph) as session:
        wanted = session.run(feed)
    noise = np.random.default_rng(1).normal(size=wanted["y"].shape).astype(np.float32)
    bits, wrong = wanted["y"] * (1 + 1e-4 * noise), wanted["y"] * 1.05
    assert is_within_rounding(graph, [feed], [wanted], [{"y": bits.astype(np.float32)}])
    assert not is_within_rounding(graph, [feed], [wanted], [{"y": wrong.astype(np.float32)}])
    assert not is_within_rounding(_graph(0.0), [feed], [wanted], [{"y": bits.astype(np.float32)}])


def test_a_hopeless_model_excuses_nothing():
    """Under 40 dB the limit says that nothing can be told, not that anything goes."""
    assert allows(60.0, 55.0)
    assert not allows(60.0, 50.0)
    assert not allows(39.0, 39.0)
    assert not allows(None, 70.0)


def test_what_says_sizes_is_not_disturbed():
    """Scales of a Resize that Constant nodes hold, empty ones too, or that are computed from constants."""
    text = """<ir_version: 10, opset_import: ["": 18]> g (float[1,1,4,4] x) => (float[1,1,8,8] y) {
        e = Constant <value = float[0] {}> () s = Constant <value = int64[4] {1, 1, 6, 6}> ()
        one = Constant <value = float[2] {1, 1}> () two = Add (one, one) k = Concat <axis = 0> (one, two)
        t = Exp (x) a = Resize <mode = "linear"> (t, e, e, s) b = Resize <mode = "linear"> (t, e, k)
        p = ReduceMax <keepdims = 1> (a) y = Add (b, p) }"""
    graph = graph_from_proto(onnx.parser.parse_model(text), stage="source")
    feed = {"x": np.linspace(0, 1, 16, dtype=np.float32).reshape(1, 1, 4, 4)}
    assert 100 < float32_limits(graph, feed)["y"] < 170
