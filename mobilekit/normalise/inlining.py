"""Operators that ONNX itself defines by others, and nothing here knows: replaced by their definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.normalise.editor import from_proto
from mobilekit.normalise.fold import fold
from mobilekit.normalise.modernise import REWRITES
from mobilekit.normalise.node import MOBILEKIT, node_proto, schema
from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    import onnx

    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

INLINED = frozenset(
    {"Attention", "CenterCropPad", "NegativeLogLikelihoodLoss", "RotaryEmbedding", "SoftmaxCrossEntropyLoss"}
)

_HINT = "export that part as plain operators"


def inline_functions(editor: Editor) -> list[Recognition]:
    """Replace every operator of :data:`INLINED` by the function body of its ONNX schema.

    Requires: types. Ensures: none of them is left; types of all values, constants folded.
    Raises UnsupportedOperatorError where the schema has no body for these inputs.
    """
    found = []
    pending = [node for node in editor.nodes if node.is_op(*INLINED)]
    while pending:
        name = pending[0].outputs[0]
        found += [Recognition(kind=n.op, node=n.outputs[0], detail="its ONNX definition") for n in pending]
        for node in pending:
            _inline(editor, node)
        fold(editor)
        pending = [node for node in editor.nodes if node.is_op(*INLINED)]
        if any(node.outputs[0] == name for node in pending):
            message = f"ONNX does not define {pending[0].where} by other operators"
            raise UnsupportedOperatorError(message, hint=_HINT)
    return found


def _inline(editor: Editor, node: Node) -> None:
    """::

    x ── SoftmaxCrossEntropyLoss ── y      →      x ── … its body, under names of its own … ── y
    """
    border = {*node.inputs, *node.outputs, ""}
    body = [from_proto(proto) for proto in _body(editor, node)]
    inner = sorted({name for n in body for name in n.outputs} - border)
    names = {name: editor.unique(f"{node.outputs[0]}/{name}") for name in inner}
    editor.remove(node)
    for step in body:
        step.inputs[:] = [names.get(name, name) for name in step.inputs]
        step.outputs[:] = [names.get(name, name) for name in step.outputs]
        editor.place(step, at=node)


def _body(editor: Editor, node: Node) -> list[onnx.NodeProto]:
    """The nodes of the definition, for the types and the opset that the graph has."""
    import onnx
    from onnx.inliner import inline_local_functions

    proto = node_proto(node)
    types = [_type_proto(editor, name).SerializeToString() for name in node.inputs]
    known = schema(node.op, editor.opset)
    version = max(v for v in known.context_dependent_function_opset_versions if v <= editor.opset)
    try:
        found = known.get_context_dependent_function_with_opset_version(
            version, proto.SerializeToString(), types
        )
        function = onnx.FunctionProto.FromString(found)
    except RuntimeError as error:
        message = f"ONNX has no definition of {node.where} for these inputs: {error}"
        raise UnsupportedOperatorError(message, hint=_HINT) from error
    _raise_opset(editor, node, function)
    proto.domain = function.domain = MOBILEKIT
    graph = onnx.helper.make_graph([proto], "definition", _values(node.inputs), _values(node.outputs))
    imports = [onnx.helper.make_opsetid("", editor.opset), onnx.helper.make_opsetid(MOBILEKIT, 1)]
    model = onnx.helper.make_model(graph, opset_imports=imports, functions=[function])
    return list(inline_local_functions(model).graph.node)


def _raise_opset(editor: Editor, node: Node, function: onnx.FunctionProto) -> None:
    """Let the body import what the graph does, where its operators mean the same there."""
    for imported in function.opset_import:
        for step in function.node:
            if any(imported.version < first for first, _ in REWRITES.get(step.op_type, ())):
                message = f"the definition of {node.where} is in operators of opset {imported.version}"
                raise UnsupportedOperatorError(message, hint=_HINT)
        imported.version = editor.opset


def _values(names: list[str]) -> list[onnx.ValueInfoProto]:
    import onnx

    return [onnx.ValueInfoProto(name=name) for name in dict.fromkeys(names) if name]


def _type_proto(editor: Editor, name: str) -> onnx.TypeProto:
    import onnx

    if not name:
        return onnx.TypeProto()
    found = editor.types[name]
    element = onnx.helper.np_dtype_to_tensor_dtype(found.dtype)
    return onnx.helper.make_tensor_type_proto(element, found.shape)
