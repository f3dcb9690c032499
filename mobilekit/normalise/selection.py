"""Selections and ranges whose size is known after all: by a constant condition, by constant bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node


def is_fixed_selection(editor: Editor, node: Node) -> bool:
    """Whether a node is a Compress that selects the same elements whatever the data are."""
    return node.is_op("Compress") and node.inputs[1] in editor.constants


def name_selected(editor: Editor, node: Node) -> None:
    """Compress by a constant condition gathers what it names; without an axis, of the flat tensor."""
    x, condition = node.inputs
    places = np.flatnonzero(editor.constants[condition]).astype(np.int64)
    axis = node.attributes.pop("axis", None)
    if axis is None:
        flat = editor.add_constant(np.array([-1], np.int64), f"{node.outputs[0]}/flat")
        x, axis = editor.add("Reshape", [x, flat], at=node), 0
    node.op, node.attributes["axis"] = "Gather", axis
    editor.set_inputs(node, [x, editor.add_constant(places, f"{node.outputs[0]}/places")])


def take_scalars(editor: Editor, node: Node) -> None:
    """Range by vectors of one number, which ONNX Runtime takes for scalars and ONNX's inference does not."""
    if not node.is_op("Range"):
        return
    names = list(node.inputs)
    for place, name in enumerate(node.inputs):
        array = editor.constants.get(name)
        if array is not None and array.shape == (1,):
            names[place] = editor.add_constant(array.reshape(()), f"{name}/scalar")
    editor.set_inputs(node, names)
