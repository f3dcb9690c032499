"""Upsample and the older Resizes, GridSample before opset 20, RoiAlign before 16."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import UnsupportedOperatorError

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array

_ROUNDINGS: dict[str, Callable[[Array], Array]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "ceil": np.ceil,
}


def upsample(editor: Editor, node: Node) -> None:
    """Upsample 7 (scales in an attribute) and 9 (an input): a Resize with ``asymmetric`` coordinates."""
    if "scales" in node.attributes:
        scales = np.array(node.attributes.pop("scales"), np.float32)
        editor.set_inputs(node, [node.inputs[0], editor.add_constant(scales, f"{node.outputs[0]}/scales")])
    resize_10(editor, node)


def resize_10(editor: Editor, node: Node) -> None:
    """Coordinates are ``asymmetric``; nearest rounds down where it enlarges and up where it shrinks.

    The specification of opset 10 does not say how nearest rounds: this is what ONNX Runtime does.
    """
    scales = editor.constant_of(node.inputs[1])
    if scales is None:
        message = f"scales that depend on data: {node.where}"
        raise UnsupportedOperatorError(message, hint="export the model for a fixed input size")
    mode = node.attribute("mode", "nearest")
    steps = [scales]
    if mode == "nearest" and (scales < 1).any() and (scales > 1).any():
        steps = [np.maximum(scales, 1), np.minimum(scales, 1)]
    value = node.inputs[0]
    for step in steps:
        value = _resize(editor, node, value, step, mode)
    editor.replace(node.outputs[0], value)


def _resize(editor: Editor, node: Node, value: str, scales: Array, mode: str) -> str:
    constant = editor.add_constant(scales.astype(np.float32), f"{node.outputs[0]}/scales")
    attributes = {"mode": mode, "coordinate_transformation_mode": "asymmetric"}
    if mode == "nearest":
        attributes["nearest_mode"] = "ceil" if (scales < 1).any() else "floor"
    return editor.add("Resize", [value, "", constant], at=node, **attributes)


def resize_11(editor: Editor, node: Node) -> None:
    """Inputs that had to be given empty become absent; ``tf_half_pixel_for_nn`` became another pair of modes.

    floor((x + 0.5) / s) = floor(((x + 0.5) / s − 0.5) + 0.5): rounding half up in half-pixel coordinates.
    """
    names = [n if i == 0 or (n and editor.types[n].size) else "" for i, n in enumerate(node.inputs)]
    while not names[-1]:
        names.pop()
    editor.set_inputs(node, names)
    if node.attribute("coordinate_transformation_mode") != "tf_half_pixel_for_nn":
        return
    if node.attribute("mode", "nearest") != "nearest":
        message = f"Resize(tf_half_pixel_for_nn) other than nearest: {node.where}"
        raise UnsupportedOperatorError(message, hint="re-export with coordinate mode half_pixel")
    if node.attribute("nearest_mode") == "floor":
        node.attributes |= {
            "coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_ceil"
        }  # fmt: skip
    else:
        _gathered(editor, node)


def _gathered(editor: Editor, node: Node) -> None:
    """The cells of the other roundings of (x + 0.5) / s, which no later pair of modes has."""
    value = node.inputs[0]
    before, after = editor.types[value].shape, editor.types[node.outputs[0]].shape
    given = editor.constant_of(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
    scales = (
        np.array(after, np.float32) / np.array(before, np.float32)
        if given is None
        else given.astype(np.float32)
    )
    for axis, scale in enumerate(scales):
        if scale == 1:
            continue
        x = (np.arange(after[axis], dtype=np.float32) + np.float32(0.5)) / scale
        cells = _ROUNDINGS[node.attribute("nearest_mode", "round_prefer_floor")](x.astype(np.float64))
        index = np.clip(cells, 0, before[axis] - 1).astype(np.int64)
        name = editor.add_constant(index, f"{node.outputs[0]}/cells")
        value = editor.add("Gather", [value, name], at=node, axis=axis)
    editor.replace(node.outputs[0], value)


def grid_sample(editor: Editor, node: Node) -> None:  # noqa: ARG001 - every rewriting has the same signature
    """The modes were called bilinear and bicubic."""
    names = {"bilinear": "linear", "bicubic": "cubic"}
    mode = node.attribute("mode", "bilinear")
    node.attributes["mode"] = names.get(mode, mode)


def roi_align(editor: Editor, node: Node) -> None:  # noqa: ARG001
    """Coordinates were not shifted by half a pixel, which is the default since opset 16."""
    node.attributes.setdefault("coordinate_transformation_mode", "output_half_pixel")
