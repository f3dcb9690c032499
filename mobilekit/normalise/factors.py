"""What lies between a factor and the layer that can take it: operators that a factor passes."""

from __future__ import annotations

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
