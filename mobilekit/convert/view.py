"""A legalised graph as the emitter reads it: nodes, shapes, types, constants, consumers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import ShapeError

if TYPE_CHECKING:
    import onnx

    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphView:
    """Everything about a legalised graph that does not change while it is emitted.

    ``consumers`` maps a value to the indices of the nodes that read it (once per node).
    """

    opsets: dict[str, int]
    nodes: tuple[onnx.NodeProto, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    shapes: dict[str, Shape]
    dtypes: dict[str, np.dtype[np.generic]]
    constants: dict[str, Array]
    consumers: dict[str, list[int]]

    def runtime_inputs(self, node: onnx.NodeProto) -> list[str]:
        """The inputs of ``node`` that are neither absent nor constant, in order."""
        return [name for name in node.input if name and name not in self.constants]

    def size_bytes(self, value: str) -> int:
        """Bytes of ``value`` in its ONNX element type."""
        return int(np.prod(self.shapes[value], dtype=np.int64)) * self.dtypes[value].itemsize


def view_of(graph: Graph) -> GraphView:
    """Read ``graph``. Raises ShapeError naming a value without a static shape."""
    model = graph.proto()
    constants = _constants(model)
    shapes = {name: tuple(array.shape) for name, array in constants.items()}
    dtypes = {name: array.dtype for name, array in constants.items()}
    for value in (*model.graph.input, *model.graph.value_info, *model.graph.output):
        _record(value, shapes, dtypes)
    consumers: dict[str, list[int]] = {}
    for index, node in enumerate(model.graph.node):
        for name in sorted({*node.input} - {""}):
            consumers.setdefault(name, []).append(index)
        _require_shapes(node, shapes)
    return GraphView(
        opsets={o.domain: o.version for o in model.opset_import},
        nodes=tuple(model.graph.node),
        inputs=tuple(i.name for i in model.graph.input if i.name not in constants),
        outputs=tuple(o.name for o in model.graph.output),
        shapes=shapes,
        dtypes=dtypes,
        constants=constants,
        consumers=consumers,
    )


def _constants(model: onnx.ModelProto) -> dict[str, Array]:
    import onnx

    return {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}


def _record(
    value: onnx.ValueInfoProto, shapes: dict[str, Shape], dtypes: dict[str, np.dtype[np.generic]]
) -> None:
    import onnx

    tensor = value.type.tensor_type
    if value.name in shapes or not tensor.HasField("shape"):
        return
    if any(not d.HasField("dim_value") for d in tensor.shape.dim):
        return
    shapes[value.name] = tuple(d.dim_value for d in tensor.shape.dim)
    dtypes[value.name] = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))


def _require_shapes(node: onnx.NodeProto, shapes: dict[str, Shape]) -> None:
    for name in (*node.input, *node.output):
        if name and name not in shapes:
            message = (
                f"value {name} of node {node.name or node.output[0]} ({node.op_type}) has no static shape"
            )
            raise ShapeError(message, hint="give every input a fixed shape: --shape NAME=1,3,512,512")
