"""Attributes that became inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node


def _ints(editor: Editor, node: Node, name: str, values: Sequence[int]) -> str:
    return editor.add_constant(np.array(values, np.int64), f"{node.outputs[0]}/{name}")


def _append(editor: Editor, node: Node, *names: str) -> None:
    editor.set_inputs(node, [*node.inputs, *names])


def axes(editor: Editor, node: Node) -> None:
    """Squeeze, Unsqueeze: ``axes``."""
    if "axes" in node.attributes:
        _append(editor, node, _ints(editor, node, "axes", node.attributes.pop("axes")))


def reduce(editor: Editor, node: Node) -> None:
    """The reductions: ``axes``; none, or an empty list, means all, as it still does."""
    if node.attributes.get("axes") == ():
        del node.attributes["axes"]
    axes(editor, node)


def slice_(editor: Editor, node: Node) -> None:
    """Slice: ``starts``, ``ends``, ``axes``."""
    starts, ends = node.attributes.pop("starts"), node.attributes.pop("ends")
    along = node.attributes.pop("axes", tuple(range(len(starts))))
    names = {"starts": starts, "ends": ends, "axes": along}
    _append(editor, node, *(_ints(editor, node, k, v) for k, v in names.items()))


def split(editor: Editor, node: Node) -> None:
    """Split: ``split``, equal parts where it was not given."""
    sizes = node.attributes.pop("split", None)
    if node.input(1):
        return
    axis = node.attribute("axis", 0)
    if sizes is None:
        sizes = [editor.shape(name)[axis] for name in node.outputs]
    editor.set_inputs(node, [node.inputs[0], _ints(editor, node, "split", sizes)])


def pad(editor: Editor, node: Node) -> None:
    """Pad: ``pads`` and ``value``."""
    dtype = editor.types[node.inputs[0]].dtype
    value = np.array(node.attributes.pop("value", 0.0), dtype)
    pads = _ints(editor, node, "pads", node.attributes.pop("pads"))
    _append(editor, node, pads, editor.add_constant(value, f"{node.outputs[0]}/value"))


def clip(editor: Editor, node: Node) -> None:
    """Clip: ``min`` and ``max``; absent ones stay absent (their defaults were the ends of float32)."""
    dtype = editor.types[node.inputs[0]].dtype
    names = []
    for key in ("min", "max"):
        value = node.attributes.pop(key, None)
        given = value is not None and abs(value) < np.finfo(np.float32).max
        names.append(editor.add_constant(np.array(value, dtype), f"{node.outputs[0]}/{key}") if given else "")
    while names and not names[-1]:
        names.pop()
    _append(editor, node, *names)


def top_k(editor: Editor, node: Node) -> None:
    """TopK: ``k``."""
    _append(editor, node, _ints(editor, node, "k", [node.attributes.pop("k")]))


def dropout(editor: Editor, node: Node) -> None:  # noqa: ARG001 - every rewriting has the same signature
    """Dropout: ``ratio``, of no meaning when a model is run."""
    node.attributes.pop("ratio", None)


def scatter(editor: Editor, node: Node) -> None:  # noqa: ARG001
    """Scatter is called ScatterElements since opset 11."""
    node.op = "ScatterElements"


def dft(editor: Editor, node: Node) -> None:
    """DFT: ``axis``, 1 where it was not given."""
    axis = editor.add_constant(np.array(node.attributes.pop("axis", 1), np.int64), f"{node.outputs[0]}/axis")
    editor.set_inputs(node, [node.inputs[0], node.input(1), axis])
