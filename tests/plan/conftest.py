"""Legalised graphs from ONNX text, with the functions of domain mobilekit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

from mobilekit.normalise.functions import attach_functions, infer_shapes
from mobilekit.source.graph import Graph, graph_from_proto


def make_graph(text: str, constants: dict[str, np.ndarray] | None = None) -> Graph:
    """A legalised graph; ``constants`` become float32 initializers unless they are integers."""
    imports = '["": 21, "mobilekit": 1]'
    model = onnx.parser.parse_model(f"<ir_version: 10, opset_import: {imports}> {text}")
    for name, value in (constants or {}).items():
        array = np.asarray(value)
        array = array.astype(np.float32) if array.dtype.kind == "f" else array
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    for node in model.graph.node:
        node.name = node.output[0]
    attach_functions(model)
    return graph_from_proto(infer_shapes(model), stage="legalised")


@pytest.fixture
def graph_of() -> Callable[..., Graph]:
    """Makes a legalised graph from text."""
    return make_graph
