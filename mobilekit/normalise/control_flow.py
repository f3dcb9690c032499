"""If with a constant condition: the branch taken becomes part of the graph. Loops are in ``loops.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.normalise.node import Node

if TYPE_CHECKING:
    import onnx

    from mobilekit.normalise.editor import Editor


def branch_nodes(editor: Editor, node: Node) -> list[Node]:
    """Replace an If by the nodes of the branch that its condition selects, and return them in order.

    ::

        If(True) {then: y = f(x)} -> z        y = f(x); z = Identity(y)
    """
    import onnx

    from mobilekit.normalise.editor import from_proto

    taken = bool(editor.constants[node.inputs[0]].reshape(-1)[0])
    graph = node.attributes["then_branch" if taken else "else_branch"]
    renamed = {name: editor.unique(name) for name in defined(graph)}
    for tensor in graph.initializer:
        editor.set_constant(renamed[tensor.name], onnx.numpy_helper.to_array(tensor))
    editor.remove(node)
    added = []
    for proto in graph.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(proto)
        rename(copy, renamed)
        added.append(from_proto(copy))
    for output, target in zip(graph.output, node.outputs, strict=True):
        if target:
            source = renamed.get(output.name, output.name)
            added.append(Node(op="Identity", inputs=[source], outputs=[target]))
    for new in added:
        editor.place(new, at=node)
    return added


def defined(graph: onnx.GraphProto) -> list[str]:
    """Names of a subgraph's constants and values; its inputs are not among them."""
    return [t.name for t in graph.initializer] + [n for node in graph.node for n in node.output if n]


def rename(node: onnx.NodeProto, renamed: dict[str, str]) -> None:
    """Rename what a node reads and writes, in its subgraphs too (where a name is not defined anew)."""
    for names in (node.input, node.output):
        for i, name in enumerate(names):
            names[i] = renamed.get(name, name)
    for attribute in node.attribute:
        if attribute.HasField("g"):
            inner = {k: v for k, v in renamed.items() if k not in set(defined(attribute.g))}
            for inner_node in attribute.g.node:
                rename(inner_node, inner)
            for value in attribute.g.output:
                value.name = inner.get(value.name, value.name)
