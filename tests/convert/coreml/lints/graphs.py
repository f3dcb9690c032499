"""Graphs from ONNX text, and the lints of one rule about them."""

from __future__ import annotations

import numpy as np
import onnx

from mobilekit.convert.coreml.lints import lints
from mobilekit.source.graph import Graph, graph_from_proto

HEAD = '<ir_version: 10, opset_import: ["": 21, "mobilekit": 1]> g '


def graph_of(text: str, constants: dict[str, np.ndarray] | None = None, **shapes: tuple[int, ...]) -> Graph:
    """A legal graph; ``shapes`` are of values that ONNX's inference does not know."""
    model = onnx.parser.parse_model(HEAD + text)
    for name, array in (constants or {}).items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    for name, shape in shapes.items():
        kept = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        model.graph.value_info.append(kept)
    return graph_from_proto(onnx.shape_inference.infer_shapes(model), stage="legalised")


def found(rule: str, graph: Graph, **setting: str) -> list[str]:
    """The nodes that ``rule`` finds; every lint says what to do and who says so."""
    result = [lint for lint in lints(graph, **setting) if lint.rule == rule]
    assert all(lint.what and lint.todo and lint.source for lint in result)
    return [lint.node for lint in result]
