"""Model-local functions are written out with what their calls leave to defaults."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.runtimes.ort import open_graph
from mobilekit.source.functions import inlined
from mobilekit.source.load import load

TEXT = """<ir_version: 10, opset_import: ["": 21, "my": 1]>
    g (float[3] x) => (float[3] y) { y = %s }
    <domain: "my", opset_import: ["": 21]>
    leaky <alpha: float = 0.3> (a) => (b) { b = LeakyRelu <alpha: float = @alpha> (a) }
    <domain: "my", opset_import: ["": 21, "my": 1]>
    outer (a) => (b) { c = Neg(a) b = my.leaky(c) }
"""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("my.leaky(x)", [-0.3, 2.0, -0.9]),
        ("my.leaky <alpha = 0.5> (x)", [-0.5, 2.0, -1.5]),
        ("my.outer(x)", [1.0, -0.6, 3.0]),
    ],
)
def test_defaults_of_functions_hold(tmp_path, call, expected):
    """ONNX's inliner drops them: LeakyRelu would fall back to its own 0.01. Inside functions too."""
    path = tmp_path / "model.onnx"
    onnx.save(onnx.parser.parse_model(TEXT % call), path)
    graph = load(path)
    assert not graph.proto().functions
    with open_graph(graph) as session:
        np.testing.assert_allclose(session.run({"x": np.float32([-1, 2, -3])})["y"], expected, rtol=1e-6)


def test_the_model_itself_stays():
    """What is given is not changed; without functions it is returned as it is."""
    model = onnx.parser.parse_model(TEXT % "my.leaky(x)")
    before = model.SerializeToString(deterministic=True)
    plain = inlined(model)
    assert model.SerializeToString(deterministic=True) == before
    assert inlined(plain) is plain
