"""A 1×1 convolution whose result is only taken apart becomes a convolution per part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_TILE = 16
_MOST_PARTS = 4
_FEW_INPUTS = 4


def split_layers(editor: Editor) -> list[Recognition]:
    """::

        Split(Conv(x, w, b), axis=1)   →   Conv(x, w₁, b₁), Conv(x, w₂, b₂)

    Nothing is copied then: 0.64 to 0.89 of the time in LiteRT for halves. Not where XNNPACK computes more
    for the parts than for the whole, in tiles of 16 channels: 1.12 for 48 channels in halves, 1.5 for
    windows of 3×3. Few inputs are cheap whatever the tiles.

    Requires: opset ≥ 18, types. Ensures: no Split along the channels is the only reader of a 1×1 Conv
    with constant weights, one group, and two to four parts of whole tiles (or at most four input channels).
    """
    found = []
    for node in editor.nodes:
        conv = editor.producer(node.inputs[0]) if node.is_op("Split") else None
        if conv is None or not _can(editor, node, conv):
            continue
        start = 0
        for name in node.outputs:
            end = start + editor.shape(name)[1]
            parts = [
                editor.add_constant(np.ascontiguousarray(editor.constants[v][start:end]), f"{v}/part")
                for v in conv.inputs[1:]
            ]
            part = editor.add("Conv", [conv.inputs[0], *parts], at=node, **conv.attributes)
            editor.replace(name, part)
            found.append(Recognition(kind="part of a Conv", node=name, detail=f"channels {start} to {end}"))
            start = end
    editor.remove_unused()
    return found


def _can(editor: Editor, node: Node, conv: Node) -> bool:
    rank = len(editor.shape(node.inputs[0]))
    if not conv.is_op("Conv") or node.attribute("axis", 0) % rank != 1 or not all(node.outputs):
        return False
    if len(node.outputs) > _MOST_PARTS:
        return False
    if editor.only_user(node.inputs[0]) is not node or conv.attribute("group", 1) != 1:
        return False
    if any(name not in editor.constants for name in conv.inputs[1:]):
        return False
    _, inputs, *window = editor.shape(conv.inputs[1])
    whole = all(editor.shape(name)[1] % _TILE == 0 for name in node.outputs)
    return all(size == 1 for size in window) and (whole or inputs <= _FEW_INPUTS)
