"""An order of channels passes what computes every channel for itself, and ends in the next convolutions.

A shuffle moves every byte of its map between a convolution in groups and a depthwise one; in the constants
of the operators behind it, it is free::

    Conv(group=2) ─ Gather(order) ─┬─ Conv(depthwise, w) ─ PRelu(a) ─ Conv(v)
                                   └─ AveragePool ─ Conv(u)
    becomes
    Conv(group=2) ─┬─ Conv(depthwise, w[order⁻¹]) ─ PRelu(a[order⁻¹]) ─ Conv(v[:, order⁻¹])
                   └─ AveragePool ─ Conv(u[:, order⁻¹])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.affine import per_axis
from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array

    _Change = tuple[Node, list[str]]
    """A node and its new inputs."""

_ALONG = ("Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Elu", "Gelu", "Clip", "Abs")
"""Functions of one value: any order passes."""
_SPATIAL = ("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool")
_PER_CHANNEL = ("PRelu", "Mul", "Add", "Sub", "Div")
_MOST = 64
"""Operators that one order may pass."""


def move_channel_orders(editor: Editor) -> list[Recognition]:
    """Requires: opset ≥ 21, types, fold_channel_orders. Ensures: no Gather that permutes channels where all
    ways from it lead, through operators on single channels with constants, to convolutions with one group.
    """
    found = []
    for node in editor.nodes:
        order = _permutation(editor, node)
        if order is None:
            continue
        changes = _changes(editor, node.outputs[0], np.argsort(order))
        if changes is None:
            continue
        passed, ends = changes
        for each, _ in passed:
            editor.note_changed(each.outputs[0])
        for each, inputs in passed + ends:
            editor.set_inputs(each, [node.inputs[0] if n == node.outputs[0] else n for n in inputs])
        editor.remove(node)
        detail = "into the weights of the convolutions behind"
        found.append(Recognition(kind="order of channels", node=ends[0][0].outputs[0], detail=detail))
    editor.remove_unused()
    return found


def _permutation(editor: Editor, node: Node) -> Array | None:
    if not node.is_op("Gather") or node.attribute("axis", 0) != 1:
        return None
    shape = editor.shape(node.inputs[0])
    order = editor.constant_of(node.inputs[1])
    if order is None or order.ndim != 1 or len(shape) != 4 or len(order) != shape[1]:
        return None
    order = np.asarray(order % shape[1])
    return order if len(set(order.tolist())) == shape[1] else None


def _changes(editor: Editor, value: str, inverse: Array) -> tuple[list[_Change], list[_Change]] | None:
    """What to change: operators that are passed, and ends; None if ``value`` gets to another end."""
    passed: list[_Change] = []
    ends: list[_Change] = []
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if editor.is_kept(current) or not editor.users(current):
            return None
        for user in editor.users(current):
            if user.inputs[0] != current and not user.is_op("Mul", "Add"):
                return None
            if user.inputs.count(current) != 1 or len(passed) > _MOST:
                return None
            end = _end(editor, user, inverse)
            if end is not None:
                ends.append((user, end))
                continue
            inputs = _passing(editor, user, current, inverse)
            if inputs is None:
                return None
            passed.append((user, inputs))
            waiting.append(user.outputs[0])
    return passed, ends


def _end(editor: Editor, node: Node, inverse: Array) -> list[str] | None:
    """The inputs of a convolution with one group that takes its channels in the order before."""
    if not node.is_op("Conv", "ConvTranspose") or node.attribute("group", 1) != 1:
        return None
    weights = editor.constant_of(node.inputs[1])
    if weights is None:
        return None
    axis = 1 if node.op == "Conv" else 0
    name = editor.add_constant(np.take(weights, inverse, axis=axis), f"{node.inputs[1]}/order")
    return [node.inputs[0], name, *node.inputs[2:]]


def _passing(editor: Editor, node: Node, value: str, inverse: Array) -> list[str] | None:
    """The inputs of a node that computes every channel for itself, on channels in the order before."""
    if len(node.outputs) != 1:
        return None
    if node.is_op(*_ALONG, *_SPATIAL):
        return list(node.inputs)
    if node.is_op("Resize"):
        shape, after = editor.shape(value), editor.shape(node.outputs[0])
        return list(node.inputs) if shape[:2] == after[:2] else None
    if node.is_op("Conv"):
        return _depthwise(editor, node, inverse)
    if node.is_op(*_PER_CHANNEL):
        return _with_constant(editor, node, value, inverse)
    return None


def _depthwise(editor: Editor, node: Node, inverse: Array) -> list[str] | None:
    weights, bias = editor.constant_of(node.inputs[1]), editor.constant_of(node.input(2))
    channels = len(inverse)
    if weights is None or (node.input(2) and bias is None) or weights.shape[:2] != (channels, 1):
        return None
    if node.attribute("group", 1) != channels:
        return None
    inputs = [node.inputs[0], editor.add_constant(weights[inverse], f"{node.inputs[1]}/order")]
    if bias is not None:
        inputs.append(editor.add_constant(bias[inverse], f"{node.inputs[2]}/order"))
    return inputs


def _with_constant(editor: Editor, node: Node, value: str, inverse: Array) -> list[str] | None:
    index = 1 - node.inputs.index(value)
    constant, shape = editor.constant_of(node.inputs[index]), editor.shape(value)
    if constant is None or editor.shape(node.outputs[0]) != shape:
        return None
    vector = per_axis(constant, shape, 1)
    if vector is None:
        return None
    made = np.ascontiguousarray(vector[inverse]).reshape(-1, 1, 1)
    inputs = list(node.inputs)
    inputs[index] = editor.add_constant(made, f"{node.inputs[index]}/order")
    return inputs
