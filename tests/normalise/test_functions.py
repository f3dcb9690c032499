"""The functions of domain mobilekit: what ONNX Runtime computes for them, and that inference sees through."""

import numpy as np
import onnx
import pytest

from mobilekit.normalise.functions import FUNCTION_NAMES, attach_functions, infer_shapes
from mobilekit.source.graph import graph_from_proto
from tests.normalise.support import run

X = np.random.default_rng(3).normal(2, 3, size=(2, 6, 4, 5)).astype(np.float32)
C = (1, 6, 1, 1)
CONSTANTS = {
    "scale": np.linspace(-1, 2, 6, dtype=np.float32).reshape(C),
    "bias": np.linspace(0, 3, 6, dtype=np.float32).reshape(C),
    "epsilon": np.linspace(0.01, 0.5, 6, dtype=np.float32).reshape(C),
}


def _model(op, inputs, **attributes):
    node = onnx.helper.make_node(op, ["x", *inputs], ["y"], domain="mobilekit", **attributes)
    after = onnx.helper.make_node("Relu", ["y"], ["z"])
    info = [onnx.helper.make_tensor_value_info(n, 1, s) for n, s in (("x", X.shape), ("y", X.shape))]
    graph = onnx.helper.make_graph(
        [node, after],
        "g",
        info[:1],
        [onnx.helper.make_tensor_value_info("z", 1, X.shape)],
        initializer=[onnx.numpy_helper.from_array(CONSTANTS[n], n) for n in inputs],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)], ir_version=10)
    attach_functions(model)
    return model


def _relu_of(values):
    return np.maximum(values, 0)


def test_normalize():
    """(x − mean)/√(var + ε)·scale + bias, biased variance, ε per channel."""
    model = _model("Normalize", ["scale", "bias", "epsilon"], axes=[2, 3])
    mean, var = X.mean((2, 3), keepdims=True), X.var((2, 3), keepdims=True)
    expected = (X - mean) / np.sqrt(var + CONSTANTS["epsilon"]) * CONSTANTS["scale"] + CONSTANTS["bias"]
    got = run(graph_from_proto(model, stage="normalised"), {"x": X})["z"]
    np.testing.assert_allclose(got, _relu_of(expected), atol=1e-5)


def test_group_normalize():
    """Statistics per group of channels; scale, bias and ε per channel."""
    model = _model("GroupNormalize", ["scale", "bias", "epsilon"], groups=3)
    grouped = X.reshape(2, 3, -1)
    centred = (grouped - grouped.mean(2, keepdims=True)).reshape(X.shape)
    var = np.repeat(grouped.var(2), 2, axis=1).reshape(2, 6, 1, 1)
    expected = centred / np.sqrt(var + CONSTANTS["epsilon"]) * CONSTANTS["scale"] + CONSTANTS["bias"]
    got = run(graph_from_proto(model, stage="normalised"), {"x": X})["z"]
    np.testing.assert_allclose(got, _relu_of(expected), atol=1e-5)


def test_rms_normalize():
    """x/√(mean(x²) + ε)·scale."""
    model = _model("RmsNormalize", ["scale", "epsilon"], axes=[1])
    expected = X / np.sqrt((X**2).mean(1, keepdims=True) + CONSTANTS["epsilon"]) * CONSTANTS["scale"]
    got = run(graph_from_proto(model, stage="normalised"), {"x": X})["z"]
    np.testing.assert_allclose(got, _relu_of(expected), atol=1e-5)


@pytest.mark.parametrize(
    ("op", "inputs", "attributes"),
    [
        ("Normalize", ["scale", "bias", "epsilon"], {"axes": [2, 3]}),
        ("GroupNormalize", ["scale", "bias", "epsilon"], {"groups": 3}),
        ("RmsNormalize", ["scale", "epsilon"], {"axes": [1]}),
    ],
)
def test_shape_inference_sees_through_them(op, inputs, attributes):
    """The inner value gets the type of X."""
    inferred = infer_shapes(_model(op, inputs, **attributes))
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in inferred.graph.value_info}
    assert shapes["y"] == list(X.shape)
    onnx.checker.check_model(inferred, full_check=True)


def test_only_the_functions_in_use_are_attached():
    """Exactly one, and none when the node is gone; the import of the domain goes with them."""
    model = _model("RmsNormalize", ["scale", "epsilon"], axes=[1])
    assert [f.name for f in model.functions] == ["RmsNormalize"]
    del model.graph.node[0]
    attach_functions(model)
    assert not model.functions
    assert [o.domain for o in model.opset_import] == [""]
    assert len(FUNCTION_NAMES) == 3


@pytest.mark.parametrize("opset", [21, 22, 23, 24, 25])
def test_functions_import_the_opset_of_their_model(opset):
    """The checker refuses another one where an operator has changed in between."""
    model = _model("Normalize", ["scale", "bias", "epsilon"], axes=[2, 3])
    model.opset_import[0].version = opset
    attach_functions(model)
    onnx.checker.check_model(model, full_check=True)
    assert run(graph_from_proto(model, stage="normalised"), {"x": X})["z"].shape == X.shape
