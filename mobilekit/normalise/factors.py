"""What lies between a factor and the layer that can take it: operators that a factor passes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array

_LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_HOMOGENEOUS = ("Relu", "LeakyRelu", "PRelu")
"""f(k · x) = k · f(x) for positive k."""


def way_to_layer(editor: Editor, node: Node, x: str, factor: Array) -> list[Node]:
    """The nodes before ``node``, which multiplies ``x`` by ``factor``, up to a layer that takes it, or none.

    Each is read by the one behind it alone; the layer is last.
    """
    way: list[Node] = []
    reader, name = node, x
    while editor.only_user(name) is reader:
        producer = editor.producer(name)
        if producer is None:
            return []
        way.append(producer)
        if producer.is_op(*_LAYERS):
            return way
        data = _data(editor, producer, factor)
        if data is None:
            return []
        reader, name = producer, data
    return []


def way_to_conv(editor: Editor, node: Node) -> tuple[list[Node], Node, int] | None:
    """What moves the result of ``node`` on its way to a Conv, the Conv, and which axis becomes its channels.

    None where anything else is on the way, or reads along it, or where the channels are not one axis before.
    """
    between: list[Node] = []
    value = node.outputs[0]
    while True:
        user = editor.only_user(value)
        if user is None or user.inputs[0] != value:
            return None
        if user.is_op("Conv"):
            break
        if not user.is_op("Reshape", "Transpose"):
            return None
        between.append(user)
        value = user.outputs[0]
    axis: int | None = 1
    for each in reversed(between):
        axis = None if axis is None else _axis_before(editor, each, axis)
    return None if axis is None else (between, user, axis)


def _axis_before(editor: Editor, node: Node, axis: int) -> int | None:
    """Which axis of the input of a Reshape or Transpose is ``axis`` of its output."""
    before, after = editor.shape(node.inputs[0]), editor.shape(node.outputs[0])
    if node.is_op("Transpose"):
        perm = node.attribute("perm", tuple(reversed(range(len(before)))))
        return int(perm[axis])
    place = prod(after[:axis])
    fits = [i for i, size in enumerate(before) if size == after[axis] and prod(before[:i]) == place]
    return fits[0] if fits else None


def _data(editor: Editor, node: Node, factor: Array) -> str | None:
    """The input that can be multiplied in place of the output."""
    if node.is_op(*_HOMOGENEOUS) and (factor > 0).all():
        return node.inputs[0]
    if factor.size != 1:
        return None
    if node.is_op("Reshape", "Transpose"):
        return node.inputs[0]
    if node.is_op("Add"):
        data = [name for name in node.inputs if name not in editor.constants]
        return data[0] if len(data) == 1 else None
    return None


def scale_term(editor: Editor, node: Node, factor: Array) -> None:
    """Multiply the constant of an Add on the way by the factor that passes it; others have none."""
    if not node.is_op("Add"):
        return
    scaled = list(node.inputs)
    for index, name in enumerate(node.inputs):
        value = editor.constant_of(name)
        if value is not None:
            with np.errstate(
                over="ignore"
            ):  # a mask of the lowest number becomes infinite, as it would there
                term = np.asarray(value.astype(np.float64) * factor, value.dtype)
            scaled[index] = editor.add_constant(term, f"{name}/folded")
    editor.set_inputs(node, scaled)
