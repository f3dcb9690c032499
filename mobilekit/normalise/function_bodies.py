"""Operators that ONNX itself defines by others, written out as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.normalise.control_flow import rename
from mobilekit.normalise.node import Node, ValueType, schema

if TYPE_CHECKING:
    import onnx

    from mobilekit.normalise.editor import Editor

WRITTEN_OUT = frozenset(
    {
        "Attention",
        "DynamicQuantizeLinear",
        "NegativeLogLikelihoodLoss",
        "RotaryEmbedding",
        "SoftmaxCrossEntropyLoss",
    }
)
"""Operators without a form of their own: what their definition is made of has one."""


def definition_nodes(editor: Editor, node: Node) -> list[Node]:
    """Replace an operator of :data:`WRITTEN_OUT` by the nodes of its definition, and return them in order.

    Requires: the types of its inputs. Values inside get names that derive from the node's first output.
    Raises UnsupportedOperatorError for scores on which ONNX and ONNX Runtime disagree.
    """
    if node.is_op("Attention"):
        _refuse_masked_scores(editor, node)
        _refuse_a_causal_row(editor, node)
    body = _function(editor, node)
    names = dict(zip(body.input, node.inputs, strict=False))
    names.update(dict.fromkeys(body.input[len(node.inputs) :], ""))
    names.update(zip(body.output, node.outputs, strict=False))
    stem = next(name for name in node.outputs if name)
    for inner in body.node:
        for name in inner.output:
            if name and not names.get(name):
                names[name] = editor.unique(f"{stem}/{name}")
    editor.remove(node)
    added = [_instance(editor, proto, names, node, body) for proto in body.node]
    for new in added:
        editor.place(new, at=node)
    return added


def _refuse_masked_scores(editor: Editor, node: Node) -> None:
    """Scores that ``is_causal`` or a mask of booleans forbids: -inf says ONNX, ONNX Runtime -3.4e38."""
    mode = node.attribute("qk_matmul_output_mode", 0)
    asked = len(node.outputs) > 3 and (editor.users(node.outputs[3]) or editor.is_kept(node.outputs[3]))
    mask = node.input(3)
    forbids = node.attribute("is_causal", 0) or (mask and editor.types[mask].dtype == np.bool_)
    if asked and mode in (1, 2) and forbids:
        message = f"masked scores as an output (qk_matmul_output_mode={mode}): {node.where}"
        hint = "ask for the scores before the mask (0) or after the softmax (3)"
        raise UnsupportedOperatorError(message, hint=hint)


def _refuse_a_causal_row(editor: Editor, node: Node) -> None:
    """One query sees the first key alone, says ONNX; ONNX Runtime 1.26 lets it see all of them."""
    queries, keys = (editor.shape(name)[-2] for name in node.inputs[:2])
    if node.attribute("is_causal", 0) and queries == 1 and keys > 1:
        message = f"is_causal=1 with one query and {keys} keys: {node.where}"
        raise UnsupportedOperatorError(message, hint="leave is_causal out: one query sees every key then")


def _instance(
    editor: Editor, proto: onnx.NodeProto, names: dict[str, str], node: Node, body: onnx.FunctionProto
) -> Node:
    """A node of the definition with the names and the attributes of this use."""
    import onnx

    from mobilekit.normalise.editor import from_proto

    copy = onnx.NodeProto()
    copy.CopyFrom(proto)
    _bind(editor, copy, node, body)
    rename(copy, names)
    return from_proto(copy)


def _bind(editor: Editor, proto: onnx.NodeProto, node: Node, body: onnx.FunctionProto) -> None:
    """Give the attributes their values, those in branches too."""
    given = [_bound(editor, attribute, node, body) for attribute in proto.attribute]
    kept = [value for value in given if value is not None]
    for attribute in kept:
        for inner in attribute.g.node:
            _bind(editor, inner, node, body)
    del proto.attribute[:]
    proto.attribute.extend(kept)


def _bound(
    editor: Editor, attribute: onnx.AttributeProto, node: Node, body: onnx.FunctionProto
) -> onnx.AttributeProto | None:
    """An attribute of the definition; one that refers to the operator's own has its value, or the default."""
    import onnx

    if not attribute.ref_attr_name:
        copy = onnx.AttributeProto()
        copy.CopyFrom(attribute)
        return copy
    own = attribute.ref_attr_name
    if own in node.attributes:
        return onnx.helper.make_attribute(attribute.name, node.attributes[own])
    defaults = {each.name: each for each in body.attribute_proto}
    found = schema(node.op, editor.opset).attributes.get(own)
    default = defaults.get(own) or (found.default_value if found is not None else None)
    if default is None or default.type == onnx.AttributeProto.UNDEFINED:
        return None
    return onnx.helper.make_attribute(attribute.name, onnx.helper.get_attribute_value(default))


def _function(editor: Editor, node: Node) -> onnx.FunctionProto:
    """The definition at the model's opset, for these element types, shapes and attributes."""
    import onnx

    from mobilekit.normalise.node import node_proto

    known = schema(node.op, editor.opset)
    if known.has_function:
        version = max(v for v in known.function_opset_versions if v <= editor.opset)
        return onnx.FunctionProto.FromString(known.get_function_with_opset_version(version))
    version = max(v for v in known.context_dependent_function_opset_versions if v <= editor.opset)
    types = [_type(editor.types[name]) if name else b"" for name in node.inputs]
    proto = node_proto(node).SerializeToString()
    return onnx.FunctionProto.FromString(
        known.get_context_dependent_function_with_opset_version(version, proto, types)
    )


def _type(value: ValueType) -> bytes:
    import onnx

    element: Any = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
    return onnx.helper.make_tensor_type_proto(element, value.shape).SerializeToString()
