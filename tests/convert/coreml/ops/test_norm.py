"""Normalisations: one MIL operator where it has their form, else their arithmetic."""

import numpy as np
import onnx
import onnx.parser
import pytest

from mobilekit.normalise.pipeline import normalise
from mobilekit.source.graph import graph_from_proto
from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph

S, B = noise(4, seed=1), noise(4, seed=2)
PLAIN = {"s": S, "b": B}
CASES = [
    ("InstanceNormalization", "InstanceNormalization (x, s, b)", "1,4,6,5", PLAIN, {"instance_norm": 1}),
    ("rows", "InstanceNormalization (x, s, b)", "2,4,9", PLAIN, {"instance_norm": 1}),
    ("volumes", "InstanceNormalization (x, s, b)", "1,4,3,4,5", PLAIN, None),
    ("LayerNormalization", "LayerNormalization (x, s, b)", "2,3,4", PLAIN, {"layer_norm": 1}),
    ("GroupNormalization", "GroupNormalization <num_groups=2> (x, s, b)", "2,4,6,5", PLAIN,
     {"reshape": 2, "instance_norm": 1, "mul": 1, "add": 1}),
    ("groups of rows", "GroupNormalization <num_groups=2> (x, s, b)", "2,4,6", PLAIN, None),
    ("groups without space", "GroupNormalization <num_groups=2> (x, s, b)", "2,4", PLAIN, None),
]  # fmt: skip


def _declared(text, constants, opset=21):
    """A source graph with the outputs that its text declares."""
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {opset}]> {text}')
    for key, value in constants.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(value, key))
    return graph_from_proto(model, stage="source")


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize(("name", "line", "shape", "constants", "expected"), CASES, ids=lambda v: str(v)[:20])
def test_norm(name, line, shape, constants, expected, precision):
    """Both precisions; in half precision the casts are those of inputs and outputs."""
    graph = _declared(f"g (float[{shape}] x) => (float[{shape}] y) {{ y = {line} }}", constants)
    feed = {"x": noise(*map(int, shape.split(",")))}
    tolerance = 2e-5 if precision == "fp32" else 1e-2
    found = check_mil(normalise(graph, samples=()).graph, feed, tolerance=tolerance, precision=precision)
    del found["cast"]
    assert expected is None or found == expected
    assert "transpose" not in found


def test_scale_of_each_sample():
    """Adaptive norms: the norm without a scale, then a product and a sum."""
    text = (
        "g (float[1,4,6,6] x, float[1,4,1,1] s, float[1,4,1,1] b) => (float y)"
        " { m = ReduceMean (x, axes) c = Sub (x, m) q = Mul (c, c) v = ReduceMean (q, axes)"
        " e = Add (v, eps) r = Sqrt (e) n = Div (c, r) k = Mul (n, s) y = Add (k, b) }"
    )
    graph = normalise(text_graph(text, {"axes": np.array([2, 3]), "eps": np.float32(1e-5)}), samples=()).graph
    feed = {"x": noise(1, 4, 6, 6), "s": noise(1, 4, 1, 1, seed=1), "b": noise(1, 4, 1, 1, seed=2)}
    assert check_mil(graph, feed) == {"instance_norm": 1, "mul": 1, "add": 1}


def test_epsilon_per_channel_is_written_out():
    """What channel equalisation makes of one: no operator has it."""
    text = (
        "g (float[1,4,6,6] x) => (float y)"
        " { m = ReduceMean (x, axes) c = Sub (x, m) q = Mul (c, c) v = ReduceMean (q, axes)"
        " e = Add (v, eps) r = Sqrt (e) y = Div (c, r) }"
    )
    eps = np.array([1e-5, 1e-3, 1, 2], np.float32).reshape(1, 4, 1, 1)
    graph = normalise(text_graph(text, {"axes": np.array([2, 3]), "eps": eps}), samples=()).graph
    found = check_mil(graph, {"x": noise(1, 4, 6, 6) * 0.01})
    assert "instance_norm" not in found


def test_root_mean_square():
    """``rsqrt`` of the mean of squares."""
    graph = text_graph("g (float[2,3,4] x) => (float y) { y = RMSNormalization (x, s) }", {"s": S}, opset=23)
    found = check_mil(normalise(graph, samples=()).graph, {"x": noise(2, 3, 4)})
    assert found["rsqrt"] == 1


def test_batch_normalization():
    """One operator by constants."""
    constants = {"s": S, "b": B, "m": noise(4, seed=3), "v": np.abs(noise(4, seed=4)) + 0.5}
    graph = text_graph(
        "g (float[1,4,5,5] x) => (float y) { y = BatchNormalization (x, s, b, m, v) }", constants
    )
    assert check_mil(graph, {"x": noise(1, 4, 5, 5)}) == {"batch_norm": 1}
