"""Weights below float32's normal range: processors take a hundred times longer for what they touch."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array

PRODUCTS = frozenset({"Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul", "Mul"})
"""Operators whose products with a denormal constant are lost in rounding, whatever they are added to."""


def flushed(value: Array) -> Array | None:
    """Float32 values with zeros for all below 1.2e-38; None if there are none."""
    if value.dtype != np.float32:
        return None
    small = (np.abs(value) < np.finfo(np.float32).smallest_normal) & (value != 0)
    return np.where(small, np.float32(0), value) if small.any() else None


def without_denormals(graph: Graph) -> Graph:
    """The graph with zeros for denormal weights that only products read; ``graph`` itself without such.

    For a reference that must not take a second where the model takes a tenth of one. What is added may
    keep a divisor from zero, and stays; so do weights that a subgraph reads.
    """
    import onnx

    from mobilekit.source.graph import graph_from_proto

    model = graph.proto()
    readers = _readers(model.graph)
    changed = False
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or not readers[tensor.name] <= PRODUCTS:
            continue
        value = flushed(onnx.numpy_helper.to_array(tensor))
        if value is not None:
            tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
            changed = True
    return graph_from_proto(model, stage=graph.stage) if changed else graph


def _readers(graph: onnx.GraphProto) -> defaultdict[str, set[str]]:
    """The operators that read each value; with subgraphs, and with the graph's outputs, as ``""``."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for node in graph.node:
        for name in node.input:
            found[name].add("" if node.domain else node.op_type)
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                for name in _readers(inner):
                    found[name].add("")
    for output in graph.output:
        found[output.name].add("")
    return found
