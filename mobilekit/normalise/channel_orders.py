"""An order of channels disappears in the weights of the convolution before it, or after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array


def fold_channel_orders(editor: Editor) -> list[Recognition]:
    """::

        Conv(Gather(x, order, axis=1), w)    →   Conv(x, w[:, order⁻¹])
        Gather(Conv(x, w), order, axis=1)    →   Conv(x, w[order])

    Requires: opset ≥ 21, types. Ensures: no Gather by constant channels is the only reader of a Conv
    with one group, or is read only by one, both with constant weights.
    """
    found = []
    for node in editor.nodes:
        order = _order(editor, node)
        if order is None:
            continue
        if _into_conv_before(editor, node, order) or _into_conv_after(editor, node, order):
            kind = "order of channels"
            found.append(Recognition(kind=kind, node=node.outputs[0], detail="into the weights of a Conv"))
    editor.remove_unused()
    return found


def _order(editor: Editor, node: Node) -> Array | None:
    if not node.is_op("Gather") or node.attribute("axis", 0) != 1 or len(editor.shape(node.inputs[0])) < 3:
        return None
    order, channels = editor.constant_of(node.inputs[1]), editor.shape(node.inputs[0])[1]
    return None if order is None or order.ndim != 1 else np.asarray(order % channels)


def _weights(editor: Editor, conv: Node | None) -> tuple[Array, Array | None] | None:
    """Weights and bias of a Conv with one group, if they are constant."""
    if conv is None or not conv.is_op("Conv") or conv.attribute("group", 1) != 1:
        return None
    weights, bias = editor.constant_of(conv.inputs[1]), editor.constant_of(conv.input(2))
    return None if weights is None or (conv.input(2) and bias is None) else (weights, bias)


def _into_conv_before(editor: Editor, node: Node, order: Array) -> bool:
    conv = editor.producer(node.inputs[0])
    found = _weights(editor, conv)
    if conv is None or found is None or editor.only_user(node.inputs[0]) is not node:
        return False
    if len(order) > editor.shape(node.inputs[0])[1]:
        return False  # channels computed twice
    weights, bias = found
    inputs = [
        conv.inputs[0],
        editor.add_constant(np.ascontiguousarray(weights[order]), f"{conv.inputs[1]}/order"),
    ]
    if bias is not None:
        inputs.append(editor.add_constant(bias[order], f"{conv.inputs[2]}/order"))
    editor.replace(node.outputs[0], editor.add("Conv", inputs, at=node, **conv.attributes))
    return True


def _into_conv_after(editor: Editor, node: Node, order: Array) -> bool:
    conv = editor.only_user(node.outputs[0])
    found = _weights(editor, conv)
    channels = editor.shape(node.inputs[0])[1]
    if conv is None or found is None or conv.inputs[0] != node.outputs[0] or len(order) != channels:
        return False
    weights = np.zeros_like(found[0])
    for place, channel in enumerate(order):
        weights[:, channel] += found[0][:, place]
    constant = editor.add_constant(weights, f"{conv.inputs[1]}/order")
    editor.set_inputs(conv, [node.inputs[0], constant, *conv.inputs[2:]])
    return True
