"""Types and shapes of the nodes that rules add, by ONNX's own inference."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import ShapeError
from mobilekit.legalise.node import Node
from mobilekit.legalise.workspace import Constants, to_proto
from mobilekit.normalise.node import ValueType

if TYPE_CHECKING:
    import onnx

_SMALL = 64


def infer(node: Node, types: Mapping[str, ValueType], constants: Constants) -> dict[str, ValueType]:
    """Types of the node's outputs. The functions of domain mobilekit keep the type of their first input.

    Raises ShapeError where ONNX cannot tell a fixed shape: a rule wrote something impossible.
    """
    if node.domain:
        return dict.fromkeys(node.outputs, types[node.inputs[0]])
    import onnx
    from onnx.shape_inference import InferenceError, infer_node_outputs

    present = [name for name in dict.fromkeys(node.inputs) if name]
    data = {n: _index_data(constants, n) for n in present if _is_index_data(n, types, constants)}
    try:
        found = infer_node_outputs(
            _schema(node.op, node.opset),
            to_proto(node),
            {name: _type_proto(types[name]) for name in present},
            data,
            opset_imports=[onnx.helper.make_opsetid("", node.opset)],
        )
        return {name: _value_type(found[name]) for name in node.outputs if name}
    except (InferenceError, KeyError, ValueError) as error:
        shapes = ", ".join(f"{n}: {types[n].dtype.name}{list(types[n].shape)}" for n in present)
        message = f"cannot tell the shape of {node.op} ({node.name}) on {shapes}: {error}"
        raise ShapeError(message) from error


def _is_index_data(name: str, types: Mapping[str, ValueType], constants: Constants) -> bool:
    kind = types[name]
    return name in constants and kind.rank <= 1 and (kind.dtype == np.int64 or kind.size <= _SMALL)


def _index_data(constants: Constants, name: str) -> onnx.TensorProto:
    return constants.proto(name)


@cache
def _schema(op: str, opset: int) -> Any:
    import onnx

    return onnx.defs.get_schema(op, opset, "")


def _type_proto(kind: ValueType) -> onnx.TypeProto:
    import onnx

    element = onnx.helper.np_dtype_to_tensor_dtype(kind.dtype)
    return onnx.helper.make_tensor_type_proto(element, kind.shape)


def _value_type(proto: onnx.TypeProto) -> ValueType:
    import onnx

    tensor = proto.tensor_type
    if not tensor.HasField("shape") or not all(d.HasField("dim_value") for d in tensor.shape.dim):
        message = "a dimension is not fixed"
        raise ValueError(message)
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    return ValueType(dtype=dtype, shape=tuple(d.dim_value for d in tensor.shape.dim))
