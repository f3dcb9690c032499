"""Nodes that change nothing are removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import UnsupportedOperatorError

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node


def remove_no_ops(editor: Editor) -> None:
    """Remove Identity, Dropout, and whatever else returns its input as it is.

    Requires: opset ≥ 21, types. Ensures: an Identity is left only where an output of the graph is an
    input, a constant or another output. Raises UnsupportedOperatorError for a Dropout in training mode.
    """
    for node in editor.nodes:
        rule = None if node.domain else _RULES.get(node.op)
        source = rule(editor, node) if rule else None
        if source is None:
            continue
        target = node.outputs[0]
        if editor.is_kept(target) and (editor.producer(source) is None or editor.is_kept(source)):
            if not node.is_op("Identity"):
                editor.replace(target, source)
            continue
        editor.replace(target, source)
    editor.remove_unused()


def _identity(editor: Editor, node: Node) -> str | None:  # noqa: ARG001 - all rules have one signature
    return node.inputs[0]


def _single(editor: Editor, node: Node) -> str | None:  # noqa: ARG001
    return node.inputs[0] if len(node.inputs) == 1 and len(node.outputs) == 1 else None


def _dropout(editor: Editor, node: Node) -> str | None:
    training = editor.constant_of(node.input(2))
    if node.input(2) and (training is None or training.any()):
        message = f"Dropout in training mode, {node.where}"
        raise UnsupportedOperatorError(message, hint="call model.eval() before exporting")
    if len(node.outputs) > 1 and node.outputs[1]:
        mask = editor.add_constant(np.ones(editor.shape(node.inputs[0]), np.bool_), f"{node.outputs[1]}/ones")
        editor.replace(node.outputs[1], mask)
    return node.inputs[0]


def _same_shape(editor: Editor, node: Node) -> str | None:
    """Reshape, Squeeze, Expand …: their input, if it has the shape already."""
    return node.inputs[0] if editor.shape(node.inputs[0]) == editor.shape(node.outputs[0]) else None


def _cast(editor: Editor, node: Node) -> str | None:
    return node.inputs[0] if editor.types[node.inputs[0]] == editor.types[node.outputs[0]] else None


def _transpose(editor: Editor, node: Node) -> str | None:
    rank = editor.types[node.inputs[0]].rank
    permutation = node.attribute("perm", tuple(reversed(range(rank))))
    return node.inputs[0] if tuple(permutation) == tuple(range(rank)) else None


def _pad(editor: Editor, node: Node) -> str | None:
    pads = editor.constant_of(node.inputs[1])
    return node.inputs[0] if pads is not None and not pads.any() else None


def _slice(editor: Editor, node: Node) -> str | None:
    steps = editor.constant_of(node.input(4))
    backwards = bool(node.input(4)) and (steps is None or (steps < 0).any())
    return None if backwards else _same_shape(editor, node)


def _tile(editor: Editor, node: Node) -> str | None:
    repeats = editor.constant_of(node.inputs[1])
    return node.inputs[0] if repeats is not None and (repeats == 1).all() else None


def _concat(editor: Editor, node: Node) -> str | None:
    """A single part, or a single one that is not empty."""
    filled = [n for n in node.inputs if editor.types[n].size]
    if len(filled) == 1:
        return filled[0]
    if filled and len(filled) < len(node.inputs):
        editor.set_inputs(node, filled)
    return None


def _resize(editor: Editor, node: Node) -> str | None:
    if node.attribute("coordinate_transformation_mode") == "tf_crop_and_resize":
        return None
    scales = editor.constant_of(node.input(2))
    if scales is not None and scales.size and (scales != 1).any():
        return None
    return _same_shape(editor, node)


def _pool(editor: Editor, node: Node) -> str | None:
    """A window of one element."""
    ones = all(k == 1 for k in node.attribute("kernel_shape", ()))
    return (
        _single(editor, node)
        if ones and _same_shape(editor, node) and not any(node.attribute("pads", ()))
        else None
    )


def _clip(editor: Editor, node: Node) -> str | None:
    return node.inputs[0] if not any(node.inputs[1:]) and _cast(editor, node) else None


def _reduce(editor: Editor, node: Node) -> str | None:
    axes = editor.constant_of(node.input(1))
    shape = editor.shape(node.inputs[0])
    if axes is not None and axes.size == 0:
        axes = None if not node.attribute("noop_with_empty_axes", 0) else axes
    over = range(len(shape)) if axes is None else axes
    return _same_shape(editor, node) if all(shape[int(a)] == 1 for a in over) else None


def _neutral(value: float, *, either_side: bool) -> Callable[[Editor, Node], str | None]:
    """Binary operators with a constant that changes nothing."""

    def rule(editor: Editor, node: Node) -> str | None:
        for index in (1, 0) if either_side else (1,):
            constant = editor.constant_of(node.inputs[index])
            other = node.inputs[1 - index]
            if constant is not None and (constant == value).all() and constant.size:
                return other if editor.types[other] == editor.types[node.outputs[0]] else None
        return None

    return rule


_RULES: Mapping[str, Callable[[Editor, Node], str | None]] = MappingProxyType(
    {
        "Identity": _identity,
        "Dropout": _dropout,
        "Cast": _cast,
        "CastLike": _cast,
        **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Expand"), _same_shape),
        "Transpose": _transpose,
        "Pad": _pad,
        "Slice": _slice,
        "Tile": _tile,
        "Concat": _concat,
        **dict.fromkeys(("Sum", "Mean", "Max", "Min", "Split"), _single),
        "Resize": _resize,
        **dict.fromkeys(("MaxPool", "AveragePool"), _pool),
        "Clip": _clip,
        **dict.fromkeys(("ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceProd"), _reduce),
        "Add": _neutral(0, either_side=True),
        "Sub": _neutral(0, either_side=False),
        "Mul": _neutral(1, either_side=True),
        "Div": _neutral(1, either_side=False),
        "Pow": _neutral(1, either_side=False),
    }
)
