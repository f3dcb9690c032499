"""Resize's negative axes, counted from the end, as the axes that they are.

ONNX allows them since opset 18; ONNX Runtime (1.26) reads beyond its arrays there: it ends with a
message about other attributes, or takes the process with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mobilekit.errors import ShapeError

if TYPE_CHECKING:
    import onnx


def count_axes_from_the_front(model: onnx.ModelProto, *, where: str) -> None:
    """Make the ``axes`` of every Resize non-negative. Raises ShapeError where the rank is not known."""
    found = [n for g in _graphs(model.graph) for n in g.node if _negative(n)]
    if not found:
        return
    ranks = _ranks(model)
    for node in found:
        rank = ranks.get(node.input[0])
        if rank is None:
            message = f"{where}: Resize {node.output[0]} counts axes from the end of a tensor of unknown rank"
            raise ShapeError(message, hint="give the inputs fixed shapes: --shape NAME=1,3,512,512")
        axes = next(a for a in node.attribute if a.name == "axes")
        axes.ints[:] = [a % rank for a in axes.ints]


def _negative(node: onnx.NodeProto) -> bool:
    return node.op_type == "Resize" and any(
        a.name == "axes" and min(a.ints, default=0) < 0 for a in node.attribute
    )


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and all graphs inside its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g)


def _ranks(model: onnx.ModelProto) -> dict[str, int]:
    import onnx

    result = {}
    for graph in _graphs(onnx.shape_inference.infer_shapes(model, data_prop=True).graph):
        for value in (*graph.input, *graph.value_info, *graph.output):
            if value.type.tensor_type.HasField("shape"):
                result[value.name] = len(value.type.tensor_type.shape.dim)
        result.update({t.name: len(t.dims) for t in graph.initializer})
    return result
