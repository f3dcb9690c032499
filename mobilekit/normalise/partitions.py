"""Slices that take an axis apart into a few equal parts become one Split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.node import Node
from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor

_MOST_PARTS = 4
_MOST_AXES = 6
_Part = tuple[int, int, Node]


def name_partitions(editor: Editor) -> list[Recognition]:
    """::

        x ─┬─ Slice(0, 4) ─ a             x ─ Split(4, 4) ─┬─ a
           └─ Slice(4, 8) ─ b      →                       └─ b

    Only up to four equal parts of floats, which XNNPACK takes as one SPLIT: 3 to 9 % faster in LiteRT than
    as many slices. A SPLIT_V of other parts is none, and cuts what XNNPACK computes in two.

    Requires: opset ≥ 18, types, equal nodes merged. Ensures: no such Slices of one value and axis, if
    all its Slices along this axis are parts of it.
    """
    found = []
    for (x, axis), parts in _slices(editor).items():
        sizes = _sizes(editor.shape(x)[axis], parts)
        if sizes is None:
            continue
        nodes = [node for _, _, node in sorted(parts, key=lambda part: part[0])]
        outputs = [editor.unique(f"{node.outputs[0]}/part") for node in nodes]
        inputs = [x, editor.add_constant(np.array(sizes, np.int64), f"{outputs[0]}/sizes")]
        split = Node(op="Split", inputs=inputs, outputs=outputs, attributes={"axis": axis})
        editor.insert(split, at=nodes[0])
        for index, node in enumerate(nodes):
            # An output of the graph takes its name along.
            name = node.outputs[0]
            editor.replace(name, split.outputs[index])
            detail = f"part {index + 1} of {len(nodes)} of axis {axis} of {x}"
            found.append(Recognition(kind="Split by slices", node=name, detail=detail))
    editor.remove_unused()
    return found


def _slices(editor: Editor) -> dict[tuple[str, int], list[_Part]]:
    """Start, end and node of the Slices of each value along each axis."""
    found: dict[tuple[str, int], list[_Part]] = {}
    for node in editor.nodes:
        place = _place(editor, node) if node.is_op("Slice") else None
        if place is not None:
            axis, start, end = place
            found.setdefault((node.inputs[0], axis), []).append((start, end, node))
    return found


def _place(editor: Editor, node: Node) -> tuple[int, int, int] | None:
    """Axis, start and end of a Slice along one axis; end < start where it has a step."""
    x = node.inputs[0]
    starts, ends = editor.constant_of(node.inputs[1]), editor.constant_of(node.inputs[2])
    axes = editor.constant_of(node.input(3)) if node.input(3) else np.zeros(1, np.int64)
    steps = editor.constant_of(node.input(4)) if node.input(4) else np.ones(1, np.int64)
    if starts is None or ends is None or axes is None or steps is None or starts.size != 1:
        return None
    kind = editor.types[x]
    if not kind.is_float or kind.rank > _MOST_AXES:
        return None
    axis = int(axes[0]) % kind.rank
    start, end, _ = slice(int(starts[0]), int(ends[0])).indices(kind.shape[axis])
    return (axis, start, end) if steps[0] == 1 else (axis, 0, -1)


def _sizes(size: int, parts: list[_Part]) -> list[int] | None:
    """The sizes of the parts, if they are equal and follow each other through the whole axis."""
    places = sorted((start, end) for start, end, _ in parts)
    if not 2 <= len(places) <= _MOST_PARTS or size % len(places):
        return None
    step = size // len(places)
    wanted = [(start, start + step) for start in range(0, size, step)] if step else []
    return [step] * len(places) if places == wanted else None
