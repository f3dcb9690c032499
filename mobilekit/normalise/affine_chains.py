"""Factors and offsets in a row become one of each; before a convolution that pads, only the offset stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.affine import affine_of, per_axis, scale_inputs
from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array

_OPS = ("Mul", "Add", "Sub", "Div")
_LARGEST = 1 << 14


def merge_affines(editor: Editor) -> list[Recognition]:
    """::

        ((x / 255) − mean) / std             →   x · f + o
        Conv(x · f + o, w)  with padding     →   Conv(x + o/f, w·f)

    What a convolution pads with is zero after the offset, so that the offset cannot go into its bias;
    the factor can go into its weights.

    Requires: opset ≥ 21, types, fold_affine. Ensures: no three affine nodes in a row that only each
    other read, and no factor before a Conv with constant weights.
    """
    found = []
    for node in editor.nodes:
        if editor.producer(node.outputs[0]) is not node or not node.is_op(*_OPS):
            continue
        if _continues(editor, node):
            continue
        chain = _chain(editor, node)
        if chain is None:
            continue
        x, factor, offset, length = chain
        conv = editor.only_user(node.outputs[0])
        if conv is not None and conv.is_op("Conv") and conv.inputs[0] == node.outputs[0]:
            done = _before_conv(editor, node, conv, chain)
        else:
            done = length > 2 and _rewrite(editor, node, x, factor, offset)
        if done:
            detail = f"{length} nodes from {x}"
            found.append(
                Recognition(kind="factors and offsets in a row", node=node.outputs[0], detail=detail)
            )
    editor.remove_unused()
    return found


def _continues(editor: Editor, node: Node) -> bool:
    user = editor.only_user(node.outputs[0])
    return user is not None and user.is_op(*_OPS) and _small(editor, user) is not None


def _small(editor: Editor, node: Node) -> tuple[str, Array, Array] | None:
    found = affine_of(editor, node)
    if found is None or max(found[1].size, found[2].size) > _LARGEST:
        return None
    return found


def _chain(editor: Editor, node: Node) -> tuple[str, Array, Array, int] | None:
    """``(x, f, o, nodes)`` of the longest run of affine nodes that ends here."""
    found = _small(editor, node)
    if found is None:
        return None
    (x, factor, offset), length = found, 1
    while True:
        before = editor.producer(x)
        user = editor.only_user(x)
        inner = (
            _small(editor, before)
            if before is not None and user is not None and before.is_op(*_OPS)
            else None
        )
        if inner is None:
            return x, factor, offset, length
        x, factor, offset, length = inner[0], factor * inner[1], factor * inner[2] + offset, length + 1


def _before_conv(editor: Editor, node: Node, conv: Node, chain: tuple[str, Array, Array, int]) -> bool:
    x, factor, offset, length = chain
    shape = editor.shape(x)
    scale, shift = per_axis(factor, shape, 1), per_axis(offset, shape, 1)
    weights = editor.constant_of(conv.inputs[1])
    if scale is None or shift is None or weights is None or not scale.all():
        return length > 2 and _rewrite(editor, node, x, factor, offset)
    if (scale == 1).all() and length == 1:
        return False
    moved = (shift / scale).astype(editor.types[x].dtype).reshape(1, -1, *(1,) * (len(shape) - 2))
    if not np.isfinite(moved).all():
        return False
    scale_inputs(editor, conv, scale)
    current = x
    if moved.any():
        current = editor.add("Add", [x, editor.add_constant(moved, f"{node.outputs[0]}/offset")], at=node)
    editor.set_inputs(conv, [current, *conv.inputs[1:]])
    return True


def _rewrite(editor: Editor, node: Node, x: str, factor: Array, offset: Array) -> bool:
    """Write x · f + o in two nodes."""
    dtype, name = editor.types[x].dtype, node.outputs[0]
    values = factor.astype(dtype), offset.astype(dtype)
    if not all(np.isfinite(v).all() for v in values):
        return False
    current = editor.add("Mul", [x, editor.add_constant(values[0], f"{name}/factor")], at=node)
    if values[1].any():
        current = editor.add("Add", [current, editor.add_constant(values[1], f"{name}/offset")], at=node)
    editor.replace(name, current)
    return True
