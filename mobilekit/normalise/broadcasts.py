"""Expand in front of an operator that broadcasts by itself is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_BROADCASTING = (
    "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum", "Mean", "PRelu", "Where", "Mod", "BitShift",
    "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Or", "Xor",
)  # fmt: skip


def remove_expands(editor: Editor) -> None:
    """::

        Sub(x [1,4,6,6], Expand(m [1,4,1,1], [1,4,6,6]))   →   Sub(x, m)

    Requires: types. Ensures: no broadcasting operator reads an Expand that its other inputs make needless.
    """
    for node in editor.nodes:
        if node.is_op(*_BROADCASTING):
            for index, name in enumerate(node.inputs):
                _remove(editor, node, index, name)
    editor.remove_unused()


def _remove(editor: Editor, node: Node, index: int, name: str) -> None:
    producer = editor.producer(name)
    if producer is None or not producer.is_op("Expand"):
        return
    if node.op == "PRelu" and index == 0:  # its output has the shape of its first input
        return
    others = [editor.shape(n) for i, n in enumerate(node.inputs) if i != index]
    source = producer.inputs[0]
    if _broadcast([*others, editor.shape(source)]) == editor.shape(node.outputs[0]):
        editor.set_inputs(node, [source if i == index else n for i, n in enumerate(node.inputs)])


def _broadcast(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    rank = max(len(s) for s in shapes)
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    return tuple(next((d for d in dims if d != 1), 1) for dims in zip(*padded, strict=True))
