"""Types and values of single nodes: types by ONNX's inference, values by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import ModelError, ModelFileError, UnsupportedOperatorError
from mobilekit.normalise.node import MOBILEKIT, Node, ValueType, node_proto, schema
from mobilekit.runtimes.ort import typed_errors
from mobilekit.source.definition import Definition

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array

_SMALL = 64
# Outputs of these operators, which ONNX's inference does not know, that have the type of the first input.
_LIKE_FIRST_INPUT: Mapping[str, tuple[int, ...]] = {
    "GroupNormalization": (0,),
    "MeanVarianceNormalization": (0,),
    "SimplifiedLayerNormalization": (0,),
    "SkipLayerNormalization": (0, 3),
    "Gelu": (0,),
    "QuickGelu": (0,),
}
# Functions without inference of their own, and operators with the same types.
_INFERRED_AS = {"GreaterOrEqual": "Greater", "LessOrEqual": "Less"}


def infer(
    node: Node, types: Mapping[str, ValueType], constants: Mapping[str, Array], opset: int
) -> dict[str, ValueType]:
    """Types of those outputs whose shape is fixed by the inputs' types and the constants.

    Raises ValueError where the inputs do not fit the operator, and ModelFileError naming the node where
    ONNX has no such operator: types of elements that its schema forbids, attributes that it does not have.
    """
    if node.domain or (node.op in _LIKE_FIRST_INPUT and node.op != "Gelu"):
        known = (0,) if node.domain == MOBILEKIT else _LIKE_FIRST_INPUT.get(node.op, ())
        first = types[node.inputs[0]]
        return {name: first for i, name in enumerate(node.outputs) if name and i in known}
    if node.op == "MaxUnpool" and node.input(2) in constants:  # ONNX's inference does not read output_shape
        shape = tuple(int(size) for size in constants[node.inputs[2]])
        return {node.outputs[0]: replace(types[node.inputs[0]], shape=shape)}
    if node.op == "Slice" and "axes" in node.attributes:
        node = _with_sorted_axes(node)
    import onnx
    from onnx.shape_inference import InferenceError, infer_node_outputs

    present = [name for name in dict.fromkeys(node.inputs) if name]
    data = {
        n: onnx.numpy_helper.from_array(constants[n], n) for n in present if _is_data(n, types, constants)
    }
    try:
        found = infer_node_outputs(
            schema(_INFERRED_AS.get(node.op, node.op), opset),
            node_proto(replace(node, op=_INFERRED_AS.get(node.op, node.op))),
            {name: _type_proto(types[name]) for name in present},
            data,
            opset_imports=[onnx.helper.make_opsetid("", opset)],
        )
    except InferenceError as error:
        raise ValueError(str(error)) from error
    except onnx.checker.ValidationError as error:
        raise _invalid(node, types, opset, error) from error
    fixed = {name: _value_type(found[name]) for name in node.outputs if name in found}
    known_types = {name: value for name, value in fixed.items() if value is not None}
    if node.op == "BatchNormalization":  # before opset 14 nothing is inferred for its statistics
        return {**{name: types[node.inputs[1]] for name in node.outputs[1:] if name}, **known_types}
    return known_types


def _invalid(node: Node, types: Mapping[str, ValueType], opset: int, error: Exception) -> ModelFileError:
    given = ", ".join(f"{name}: {types[name].dtype.name}" for name in node.inputs if name)
    reason = str(error).strip().splitlines()[0]
    message = f"{node.where}, opset {opset}, is not valid ONNX on {given or 'no inputs'}: {reason}"
    return ModelFileError(
        message, hint="correct the node (a Cast to a type that it takes?) and export the model again"
    )


def _with_sorted_axes(node: Node) -> Node:
    """A Slice of before opset 10: ONNX's inference reads its axes in rising order only."""
    names = ("axes", "starts", "ends")
    rows = sorted(zip(*(node.attributes[name] for name in names), strict=True))
    columns = zip(*rows, strict=True)
    return replace(node, attributes={**node.attributes, **dict(zip(names, columns, strict=True))})


def _is_data(name: str, types: Mapping[str, ValueType], constants: Mapping[str, Array]) -> bool:
    if name not in constants or types[name].rank > 1:
        return False
    return types[name].dtype == np.int64 or types[name].size <= _SMALL


def _type_proto(value: ValueType) -> onnx.TypeProto:
    import onnx

    return onnx.helper.make_tensor_type_proto(onnx.helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)


def _value_type(proto: onnx.TypeProto) -> ValueType | None:
    import onnx

    tensor = proto.tensor_type
    if not tensor.HasField("shape") or not all(d.HasField("dim_value") for d in tensor.shape.dim):
        return None
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    return ValueType(dtype=dtype, shape=tuple(d.dim_value for d in tensor.shape.dim))


def evaluate(node: Node, constants: Mapping[str, Array], opset: int) -> dict[str, Array] | None:
    """What ONNX Runtime computes for a node of constants, or ONNX's own evaluator; None where neither can."""
    import onnx
    import onnxruntime

    present = {name: constants[name] for name in node.inputs if name}
    inputs = [
        onnx.helper.make_tensor_value_info(k, onnx.helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
        for k, v in present.items()
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in node.outputs if name]
    model = onnx.helper.make_model(
        onnx.helper.make_graph([node_proto(node)], "fold", inputs, outputs),
        opset_imports=[onnx.helper.make_opsetid("", opset)],
        ir_version=8 if opset < 21 else 10,
    )
    options: Any = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    try:
        with typed_errors("evaluate a constant", UnsupportedOperatorError):
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
            )
            values = session.run([v.name for v in outputs], present)
    except (UnsupportedOperatorError, ModelFileError):
        return _by_definition(model, present)
    return dict(zip((v.name for v in outputs), values, strict=True))


def _by_definition(model: onnx.ModelProto, constants: Mapping[str, Array]) -> dict[str, Array] | None:
    """What ONNX's own evaluator computes; None where it fails too: the node stays, nothing is lost.

    It computes with operands of types that do not go together, which ONNX refuses.
    """
    import onnx

    names = [value.name for value in model.graph.output]
    try:
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
        values = Definition(model).run(names, constants)
    except (ModelError, onnx.shape_inference.InferenceError, TypeError):
        return None
    return dict(zip(names, values, strict=True))
