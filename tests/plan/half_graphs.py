"""Tiny legalised graphs for the tests of half precision."""

import numpy as np
import onnx

from mobilekit.normalise.functions import attach_functions
from mobilekit.source.graph import Graph, graph_from_proto

_HEADER = '<ir_version: 10, opset_import: ["": 21, "mobilekit": 1]>\n'


def graph_of(text: str, **constants: np.ndarray) -> Graph:
    """A graph from onnx.parser's text without header, its shapes inferred."""
    model = onnx.parser.parse_model(f"{_HEADER} g {text}")
    for name, array in constants.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), name))
    attach_functions(model)
    return graph_from_proto(onnx.shape_inference.infer_shapes(model, data_prop=True), stage="legalised")


def norm_graph(operator: str, *, attributes: str = "axes=[2,3]", epsilon: float = 1e-5) -> Graph:
    """One normalisation of 1×2×64×64."""
    bias = "" if operator == "RmsNormalize" else " bias,"
    text = (
        "(float[1,2,64,64] x) => (float[1,2,64,64] y) "
        f"{{ y = mobilekit.{operator}<{attributes}>(x, scale,{bias} epsilon) }}"
    )
    one = np.ones((1, 2, 1, 1), np.float32)
    return graph_of(text, scale=one, epsilon=epsilon * one, **({"bias": 0 * one} if bias else {}))
