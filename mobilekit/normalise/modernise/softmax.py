"""Softmax, LogSoftmax, Hardmax before opset 13: over all dimensions from ``axis`` on, as if one."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node


def coerced(editor: Editor, node: Node) -> None:
    """One axis where the others from ``axis`` on have size 1; else a Reshape before and after.

    ::

        Softmax(axis=1) on [2, 3, 4]  →  Reshape [2, 12] → Softmax(axis=1) → Reshape [2, 3, 4]
    """
    source = node.inputs[0]
    shape = editor.shape(source)
    axis = node.attribute("axis", 1) % max(len(shape), 1)
    wide = [i for i in range(axis, len(shape)) if shape[i] != 1]
    if len(wide) <= 1:
        node.attributes["axis"] = wide[0] if wide else axis
        return
    flat = np.array([*shape[:axis], prod(shape[axis:])], np.int64)
    flattened = editor.add("Reshape", [source, editor.add_constant(flat, f"{source}/flat_shape")], at=node)
    result = editor.add(node.op, [flattened], at=node, axis=axis)
    whole = editor.add_constant(np.array(shape, np.int64), f"{source}/whole_shape")
    editor.replace(node.outputs[0], editor.add("Reshape", [result, whole], at=node))
