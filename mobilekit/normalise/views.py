"""Squeeze, Unsqueeze and Flatten become Reshape; Reshapes and Transposes in a row become one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_VIEWS = ("Reshape", "Squeeze", "Unsqueeze", "Flatten")


def merge_views(editor: Editor) -> None:
    """::

        Squeeze(x, axes) → Reshape(x, full shape)
        Reshape(Reshape(x, a), b) → Reshape(x, b)
        Transpose(Transpose(x, p), q) → Transpose(x, p∘q)

    Requires: opset ≥ 21, types. Ensures: every Reshape has a constant shape without 0 and -1, and its
    input is not a Reshape; no Transpose has a Transpose as input.
    """
    for node in editor.nodes:
        if node.is_op(*_VIEWS):
            _reshape(editor, node)
        elif node.is_op("Transpose"):
            _transpose(editor, node)
    editor.remove_unused()


def _reshape(editor: Editor, node: Node) -> None:
    source, producer = node.inputs[0], editor.producer(node.inputs[0])
    while producer is not None and producer.is_op(*_VIEWS):
        source = producer.inputs[0]
        producer = editor.producer(source)
    shape = editor.shape(node.outputs[0])
    if node.op == "Reshape" and source == node.inputs[0] and _says(editor, node, shape):
        return
    node.op = "Reshape"
    # A dimension of size 0 means itself only with allowzero; there is no data then anyway.
    node.attributes = {} if all(shape) else {"allowzero": 1}
    constant = editor.add_constant(np.array(shape, np.int64), f"{node.outputs[0]}/shape")
    editor.set_inputs(node, [source, constant])


def _says(editor: Editor, node: Node, shape: tuple[int, ...]) -> bool:
    given = editor.constant_of(node.inputs[1])
    return given is not None and tuple(given.tolist()) == shape and all(shape)


def _transpose(editor: Editor, node: Node) -> None:
    rank = editor.types[node.inputs[0]].rank
    permutation = node.attribute("perm", tuple(reversed(range(rank))))
    source, producer = node.inputs[0], editor.producer(node.inputs[0])
    while producer is not None and producer.is_op("Transpose"):
        inner = producer.attribute("perm", tuple(reversed(range(rank))))
        permutation = tuple(inner[p] for p in permutation)
        source = producer.inputs[0]
        producer = editor.producer(source)
    node.attributes["perm"] = tuple(permutation)
    if source != node.inputs[0]:
        editor.set_inputs(node, [source])
