"""BatchNormalization before opset 14, GroupNormalization before 21."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import UnsupportedOperatorError

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node


def batch_normalization(editor: Editor, node: Node) -> None:
    """Five outputs meant training; ``spatial=0`` (statistics per position) has no successor.

    Raises UnsupportedOperatorError for ``spatial=0`` where it makes a difference, and for training.
    """
    spatial = node.attributes.pop("spatial", 1)
    if not spatial and editor.types[node.inputs[1]].rank != 1:
        message = f"BatchNormalization(spatial=0), opset below 9, {node.where}"
        raise UnsupportedOperatorError(message, hint="export the model with opset 9 or higher")
    if any(editor.users(n) or editor.is_kept(n) for n in node.outputs[1:] if n):
        message = f"BatchNormalization in training mode, {node.where}"
        raise UnsupportedOperatorError(message, hint="call model.eval() before exporting")
    del node.outputs[1:]


def group_normalization(editor: Editor, node: Node) -> None:
    """Scale and bias were given per group, and are per channel since opset 21.

    ::

        scale [G]  →  Reshape [G, 1] → Expand [G, C/G] → Reshape [C]
    """
    groups, channels = node.attributes["num_groups"], editor.shape(node.inputs[0])[1]
    names = [_per_channel(editor, node, name, groups, channels) for name in node.inputs[1:3]]
    editor.set_inputs(node, [node.inputs[0], *names])


def _per_channel(editor: Editor, node: Node, name: str, groups: int, channels: int) -> str:
    value = editor.constant_of(name)
    if value is not None:
        return editor.add_constant(np.repeat(value, channels // groups), f"{name}/per_channel")
    shapes = ([groups, 1], [groups, channels // groups], [channels])
    for op, shape in zip(("Reshape", "Expand", "Reshape"), shapes, strict=True):
        name = editor.add(
            op, [name, editor.add_constant(np.array(shape, np.int64), f"{name}/shape")], at=node
        )
    return name
