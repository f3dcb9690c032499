"""Scales and offsets of norms: computed ones after it, constant ones inside it."""

import numpy as np
import onnx
import pytest

from mobilekit.legalise.pipeline import legalise
from mobilekit.normalise.pipeline import normalise
from mobilekit.source.graph import graph_from_proto
from tests.legalise.mil import check_mil
from tests.legalise.support import noise

FEED = {"x": noise(2, 4, 5, 6), "u": noise(2, 4, 1, 1, seed=1), "v": noise(2, 4, 1, 1, seed=2)}
CONSTANTS = {
    "s": noise(4, seed=3),
    "b": noise(4, seed=4),
    "one": np.ones(4, np.float32),
    "zero": np.zeros(4, np.float32),
}


def _normalised(body):
    inputs = ", ".join(
        f"float[{','.join(map(str, v.shape))}] {k}" for k, v in FEED.items() if f"{k})" in body
    )
    text = f"g ({inputs}) => (float[2,4,5,6] y) {{ {body} }}"
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 21]> {text}')
    for key, value in CONSTANTS.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(value, key))
    feed = {name: value for name, value in FEED.items() if f"{name})" in body}
    return normalise(graph_from_proto(model, stage="source"), samples=()).graph, feed


@pytest.mark.parametrize(("body", "left"), [
    ("i = Relu (x) n = InstanceNormalization (i, one, zero) p = Mul (n, u) y = Add (p, v)", {"mul": 1, "add": 1}),
    ("i = Relu (x) n = InstanceNormalization (i, one, zero) y = Mul (n, u)", {"mul": 1}),
    ("i = Relu (x) n = InstanceNormalization (i, s, zero) y = Add (n, v)", {"add": 1}),
    ("i = Relu (x) y = InstanceNormalization (i, s, b)", {}),
])  # fmt: skip
def test_after_or_inside(body, left):
    """As many operators as there are tensors computed at run time."""
    graph, feed = _normalised(body)
    assert check_mil(graph, feed) == {"relu": 1, "instance_norm": 1, **left}


def test_nodes_of_their_own():
    """The product and the sum can be in float16 where the norm is not."""
    body = "i = Relu (x) n = InstanceNormalization (i, one, zero) p = Mul (n, u) y = Add (p, v)"
    graph, feed = _normalised(body)
    legal = legalise(graph, profile="coreml", samples=[feed]).graph
    assert [node.op_type for node in legal.proto().graph.node] == ["Relu", "Normalize", "Mul", "Add"]
