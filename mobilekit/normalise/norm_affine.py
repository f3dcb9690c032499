"""Factors and offsets after a normalisation become its scale and bias, run-time ones (AdaIN) too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.node import MOBILEKIT, Node
from mobilekit.normalise.normalisation import with_inputs

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor

# A run-time factor nearly as large as the map (SPADE) saves nothing inside the normalisation.
_MAXIMUM_SHARE = 4


def fold_norm_affine(editor: Editor) -> None:
    """::

        Normalize(x, γ, β) · s + t   →   Normalize(x, γ·s, β·s + t)

    Requires: opset ≥ 21, types. Ensures: no normalisation is read only by a Mul, Add, Sub or Div whose
    other operand broadcasts to it (constant, or at most a quarter of its size).
    """
    for node in editor.nodes:
        if node.is_op("Mul", "Add", "Sub", "Div"):
            _fold(editor, node)
    editor.remove_unused()


def _fold(editor: Editor, node: Node) -> None:
    for index in (0, 1):
        norm = editor.producer(node.inputs[index])
        if norm is None or norm.domain != MOBILEKIT or editor.only_user(node.inputs[index]) is not node:
            continue
        if index == 1 and node.op in ("Sub", "Div"):
            return
        operand = _operand(editor, node, norm, node.inputs[1 - index])
        inputs = _inputs(editor, node, norm, operand) if operand else None
        if inputs is not None:
            editor.replace(node.outputs[0], with_inputs(editor, node, norm, inputs))
            return


def _operand(editor: Editor, node: Node, norm: Node, name: str) -> str | None:
    """The operand with the rank of the map; per channel for groups; None where it cannot go inside."""
    wanted, shape = editor.shape(norm.inputs[0]), editor.shape(name)
    if editor.shape(node.outputs[0]) != wanted or len(shape) > len(wanted):
        return None
    constant = editor.constant_of(name)
    if constant is None and editor.types[name].size * _MAXIMUM_SHARE > editor.types[norm.inputs[0]].size:
        return None
    padded = (1,) * (len(wanted) - len(shape)) + shape
    if norm.op == "GroupNormalize":
        channels = (1, wanted[1], *(1,) * (len(wanted) - 2))
        if constant is not None and all(d == 1 for i, d in enumerate(padded) if i != 1):
            full = np.ascontiguousarray(np.broadcast_to(constant.reshape(padded), channels))
            return editor.add_constant(full, f"{name}/channels")
        if padded != channels:
            return None
    if padded == shape:
        return name
    if constant is not None:
        return editor.add_constant(constant.reshape(padded), f"{name}/shaped")
    target = editor.add_constant(np.array(padded, np.int64), f"{name}/shape")
    return editor.add("Reshape", [name, target], at=node)


def _inputs(editor: Editor, node: Node, norm: Node, operand: str) -> list[str] | None:
    x, scale, *rest = norm.inputs
    if node.op in ("Mul", "Div"):
        others = [_combined(editor, node, node.op, name, operand) for name in (scale, *rest[:-1])]
        return [x, *others, rest[-1]]
    if norm.op == "RmsNormalize":
        return None
    return [x, scale, _combined(editor, node, node.op, rest[0], operand), rest[-1]]


def _combined(editor: Editor, node: Node, op: str, name: str, operand: str) -> str:
    """``name`` op ``operand``: a constant if both are, nothing new where the one is neutral."""
    one, other = editor.constant_of(name), editor.constant_of(operand)
    if one is not None and other is not None:
        function = {"Mul": np.multiply, "Div": np.divide, "Add": np.add, "Sub": np.subtract}[op]
        value = function(one.astype(np.float64), other.astype(np.float64)).astype(one.dtype)
        return editor.add_constant(value, f"{name}/folded")
    if one is not None and op in ("Mul", "Add") and (one == (1 if op == "Mul" else 0)).all():
        return operand
    if one is not None and op in ("Mul", "Div") and (one == 0).all():
        return name
    return editor.add(op, [name, operand], at=node)
