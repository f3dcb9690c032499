"""Nodes that only move elements: what a chain of them does is read off by moving element numbers.

Exporters write upsampling, pixel shuffles and channel shuffles as Reshape, Concat, Expand, Tile,
Transpose, Slice and Gather in many spellings. Whatever the spelling, the chain maps each element of
its output to one element of its source; that map decides what it is, so a recognised chain is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.normalise.evaluate import evaluate
from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array

_MOVES = ("Reshape", "Transpose", "Concat", "Expand", "Tile", "Slice", "Gather", "Split")
# Longer chains are not what exporters write; larger maps would take longer than they save.
_MOST_NODES = 24
_MOST_ELEMENTS = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One operator that does what a chain does."""

    kind: str
    op: str
    attributes: dict[str, Any]
    operands: tuple[Array | None, ...] = ()


def name_movements(editor: Editor) -> list[Recognition]:
    """::

        x ─ Reshape ─ Concat ─ Reshape ─ Concat ─ Reshape ─ y      →      x ─ Resize(nearest) ─ y

    Requires: opset ≥ 21, types. Ensures: chains of two or more moving nodes that upsample, shuffle
    pixels or permute channels of an image are one node; all else is left.
    """
    found = []
    for node in editor.nodes:
        if editor.producer(node.outputs[0]) is node and _ends_chain(editor, node):
            found += _name(editor, node)
    if found:
        editor.remove_unused()
    return found


def _ends_chain(editor: Editor, node: Node) -> bool:
    name = node.outputs[0]
    if not node.is_op(*_MOVES) or len(node.outputs) != 1 or len(editor.shape(name)) != 4:
        return False
    users = editor.users(name)
    return editor.is_kept(name) or not users or any(not u.is_op(*_MOVES) for u in users) or len(users) > 1


def _name(editor: Editor, node: Node) -> list[Recognition]:
    for source, region in _regions(editor, node):
        shape, target = editor.shape(source), editor.shape(node.outputs[0])
        if len(region) < 2 or len(shape) != 4 or max(np.prod(shape), np.prod(target)) > _MOST_ELEMENTS:
            continue
        if not _plausible(shape, target):
            continue
        moved = _moved(editor, region, source, shape, node.outputs[0])
        if moved is None:
            return []
        numbers = np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)
        for recognise in _FORMS:
            move = recognise(numbers, moved)
            if move is not None:
                _apply(editor, node, source, move)
                detail = f"{len(region)} nodes from {source}"
                return [Recognition(kind=move.kind, node=node.outputs[0], detail=detail)]
    return []


def _regions(editor: Editor, node: Node) -> Iterator[tuple[str, list[Node]]]:
    """Every value that all of the chain's data passes through, nearest first, with the nodes after it."""
    region: dict[Node, None] = {node: None}
    frontier = dict.fromkeys(n for n in node.inputs if n and n not in editor.constants)
    while frontier and len(region) <= _MOST_NODES:
        if len(frontier) == 1:
            yield next(iter(frontier)), list(region)
        producers = {name: editor.producer(name) for name in frontier}
        movers = [p for p in producers.values() if p is not None and p.is_op(*_MOVES)]
        if not movers:
            return
        latest = max(movers, key=lambda n: n.order)
        region[latest] = None
        for name in latest.outputs:
            frontier.pop(name, None)
        frontier.update(dict.fromkeys(n for n in latest.inputs if n and n not in editor.constants))


def _plausible(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether some form below could have these shapes: a cheap look before moving numbers."""
    if shape[0] != target[0] or not all(shape) or not all(target):
        return False
    ratios = [t / s for s, t in zip(shape[2:], target[2:], strict=True)]
    if target[1] == shape[1]:
        return all(r >= 1 and r == int(r) for r in ratios)
    return ratios[0] == ratios[1] and np.prod(shape) == np.prod(target)


def _moved(
    editor: Editor, region: list[Node], source: str, shape: tuple[int, ...], target: str
) -> Array | None:
    """Which element of the source each element of the target is; None if it cannot be computed."""
    values: dict[str, Array] = {source: np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)}
    for node in sorted(region, key=lambda n: n.order):
        for name in node.inputs:
            if name in editor.constants:
                values[name] = editor.constants[name]
        if any(name and name not in values for name in node.inputs):
            return None
        results = evaluate(node, values, editor.opset)
        if results is None:
            return None
        values.update(results)
    return values.get(target)


def _upsampling(numbers: Array, moved: Array) -> Move | None:
    rows, columns = (moved.shape[i] // numbers.shape[i] for i in (2, 3))
    if numbers.shape[1] != moved.shape[1] or rows * columns == 1:
        return None
    if not np.array_equal(numbers.repeat(rows, axis=2).repeat(columns, axis=3), moved):
        return None
    grid = {"coordinate_transformation_mode": "asymmetric", "mode": "nearest", "nearest_mode": "floor"}
    scales = np.array([1, 1, rows, columns], np.float32)
    kind = f"nearest upsampling by {rows}x{columns}"
    return Move(kind=kind, op="Resize", attributes=grid, operands=(None, scales))


def _channel_order(numbers: Array, moved: Array) -> Move | None:
    if numbers.shape != moved.shape:
        return None
    size = numbers.shape[2] * numbers.shape[3]
    order = (moved[0, :, 0, 0] // size).astype(np.int64)
    if not np.array_equal(numbers[:, order], moved) or np.array_equal(order, np.arange(len(order))):
        return None
    return Move(kind="channel shuffle", op="Gather", attributes={"axis": 1}, operands=(order,))


def _pixel_shuffle(numbers: Array, moved: Array) -> Move | None:
    batch, channels, height, width = numbers.shape
    block = moved.shape[2] // height
    if block < 2 or moved.shape != (batch, channels // block**2, height * block, width * block):
        return None
    depth = channels // block**2
    forms = {
        "DCR": numbers.reshape(batch, block, block, depth, height, width).transpose(0, 3, 4, 1, 5, 2),
        "CRD": numbers.reshape(batch, depth, block, block, height, width).transpose(0, 1, 4, 2, 5, 3),
    }
    for mode, form in forms.items():
        if np.array_equal(form.reshape(moved.shape), moved):
            attributes = {"blocksize": block, "mode": mode}
            return Move(kind=f"pixel shuffle {mode}", op="DepthToSpace", attributes=attributes)
    return None


def _pixel_unshuffle(numbers: Array, moved: Array) -> Move | None:
    batch, channels, height, width = numbers.shape
    block = height // moved.shape[2] if moved.shape[2] else 0
    if block < 2 or moved.shape != (batch, channels * block**2, height // block, width // block):
        return None
    parts = numbers.reshape(batch, channels, height // block, block, width // block, block)
    if not np.array_equal(parts.transpose(0, 3, 5, 1, 2, 4).reshape(moved.shape), moved):
        return None
    return Move(kind="pixel unshuffle", op="SpaceToDepth", attributes={"blocksize": block})


_FORMS: tuple[Callable[[Array, Array], Move | None], ...] = (
    _upsampling,
    _channel_order,
    _pixel_shuffle,
    _pixel_unshuffle,
)


def _apply(editor: Editor, node: Node, source: str, move: Move) -> None:
    output = node.outputs[0]
    operands = [
        "" if array is None else editor.add_constant(array, f"{output}/{move.op}") for array in move.operands
    ]
    editor.replace(output, editor.add(move.op, [source, *operands], at=node, **move.attributes))
