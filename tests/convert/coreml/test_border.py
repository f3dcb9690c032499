"""Inputs and outputs of every ONNX type are float32 and int32 multi-arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.coreml.api import emit
from mobilekit.convert.coreml.emitter import Precision
from mobilekit.libraries import coremltools
from tests.convert.coreml.support import check, graph_of, kinds

TYPES = ("float", "double", "float16", "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64")


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_types(tmp_path: Path, precision: Precision) -> None:
    """Each passes through as it came."""
    inputs = ", ".join(f"{kind}[2] {kind}_x" for kind in TYPES)
    outputs = ", ".join(f"{kind}[1,2] {kind}_y" for kind in TYPES)
    body = " ".join(f"{kind}_y = Reshape({kind}_x, shape)" for kind in TYPES)
    graph = graph_of(f"g ({inputs}) => ({outputs}) <int64[2] shape = {{1, 2}}> {{ {body} }}")
    feed = {
        f"{k}_x": np.array([0, 3]).astype({"float": "float32", "double": "float64"}.get(k, k)) for k in TYPES
    }
    check(graph, feed, tmp_path, precision=precision)


def test_scalars(tmp_path: Path) -> None:
    """A scalar travels as a vector of one."""
    graph = graph_of("g (float x, bool b) => (float y, bool c) { y = Neg(x) c = Not(b) }")
    check(graph, {"x": np.array(2, np.float32), "b": np.array(True)}, tmp_path, precision="fp16")


def test_outputs_that_are_passed_on(tmp_path: Path) -> None:
    """An input, a constant and a value under a second name, each a feature of its own."""
    text = (
        "g (float[2] x, bool[2] b) => (float[2] y, bool[2] c, float[2] k, float[2] z, float[2] w)"
        "<int64[1] shape = {2}, float[2] one = {1.0, 2.0}>"
        "{ y = Reshape(x, shape) c = Reshape(b, shape) k = Reshape(one, shape) z = Relu(x)"
        " w = Reshape(z, shape) }"
    )
    feed = {"x": np.array([-1, 2], np.float32), "b": np.array([True, False])}
    check(graph_of(text), feed, tmp_path, precision="fp16")


def test_features(tmp_path: Path) -> None:
    """As Core ML is told of them, in the ONNX order."""
    graph = graph_of("g (int64[2] i, float[2] a) => (bool[2] d, float[2] c) { d = Less(i, i) c = Relu(a) }")
    emit(graph, tmp_path / "m.mlpackage", precision="fp16")
    model = coremltools().models.MLModel(str(tmp_path / "m.mlpackage"), skip_model_load=True)
    said = model.get_spec().description
    names = {65568: "float32", 131104: "int32"}
    found = [(f.name, names[f.type.multiArrayType.dataType]) for f in (*said.input, *said.output)]
    assert found == [("i", "int32"), ("a", "float32"), ("d", "int32"), ("c", "float32")]
    assert kinds(tmp_path / "m.mlpackage").count("cast") == 3
