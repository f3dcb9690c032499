"""Nodes that only move elements: what a chain of them does is read off by moving element numbers.

Exporters write upsampling, pixel shuffles and channel shuffles as Reshape, Concat, Expand, Tile,
Transpose, Slice and Gather in many spellings. Whatever the spelling, the chain maps each element of
its output to one element of its source; that map decides what it is, so a recognised chain is proved.

Only operands (shapes, indices, axes …) have their values while numbers are moved. Data that are no
elements of the source, constants above all, have no number: where they come in, nothing is recognised.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.evaluate import evaluate
from mobilekit.normalise.movement_forms import FORMS, Move, plausible, separable
from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array

_MOVES = (
    "Reshape", "Transpose", "Concat", "Expand", "Tile", "Slice", "Gather", "GatherND", "Split",
    "SpaceToDepth", "DepthToSpace", "ReverseSequence",
)  # fmt: skip
_SLOW = ("GatherND", "ReverseSequence")
# Longer chains are not what exporters write; larger maps would take longer than they save.
_MOST_NODES = 24
_MOST_ELEMENTS = 1 << 24
# What ONNX Runtime computes the forms for; a chain of other elements stays as it is.
_KINDS = {
    "Resize": ("float16", "float32", "int8", "uint8", "int32"),
    "DepthToSpace": ("float16", "float32", "float64", "uint8"),
    "SpaceToDepth": ("float16", "float32", "float64"),
    "Pad": ("float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool"),
}
_TO_CHANNELS_FIRST, _TO_CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
# Whether the source, and whether the target, is seen as [N, H, W, C].
_LAYOUTS = ((False, False), (True, True), (True, False), (False, True))


def name_movements(editor: Editor) -> list[Recognition]:
    """::

        x ─ Reshape ─ Concat ─ Reshape ─ Concat ─ Reshape ─ y      →      x ─ Resize(nearest) ─ y

    Requires: opset ≥ 21, types. Ensures: chains of two or more moving nodes that upsample, shuffle
    pixels, permute channels or pad an image by its own pixels are one node, or two; in an image of
    layout [N, H, W, C] between two Transposes, which :mod:`~mobilekit.normalise.sandwiches` takes
    away where it can. All else is left.
    """
    found: list[Recognition] = []
    for node in reversed(editor.nodes):
        if editor.producer(node.outputs[0]) is not node or not _ends_chain(editor, node):
            continue
        named = _name(editor, node)
        if named:
            editor.remove_unused()  # what is left of the chain ends nothing
            found = named + found
    return found


def _ends_chain(editor: Editor, node: Node) -> bool:
    name = node.outputs[0]
    if not node.is_op(*_MOVES) or len(node.outputs) != 1 or len(_image(editor.shape(name))) != 4:
        return False
    users = editor.users(name)
    joined = any(u.is_op("Concat") and len(set(u.inputs)) > 1 for u in users)
    return editor.is_kept(name) or joined or len(users) != 1 or not users[0].is_op(*_MOVES)


def _name(editor: Editor, node: Node) -> list[Recognition]:
    """The longest chain that ends here and is one of the forms."""
    target, best = _image(editor.shape(node.outputs[0])), None
    for source, region in _regions(editor, node):
        shape = editor.shape(source)
        if len(region) < 2 or len(shape) != 4 or max(np.prod(shape), np.prod(target)) > _MOST_ELEMENTS:
            continue
        if not any(plausible(_seen(shape, a), _seen(target, b)) for a, b in _LAYOUTS):
            continue
        moved = _moved(editor, region, source, shape, node.outputs[0])
        if moved is None:
            break
        found = _form(shape, moved.reshape(target), region)
        if found is not None and _runs(found[0], editor.types[source].dtype.name):
            best = source, region, found
    if best is None:
        return []
    source, region, (move, layouts) = best
    _apply(editor, node, source, move, layouts)
    detail = f"{len(region)} nodes from {source}"
    return [Recognition(kind=move.kind, node=node.outputs[0], detail=detail)]


def _image(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without axes of size 1 that only a later operator wants (Paddle pads in 5-D)."""
    return shape if len(shape) <= 4 else (shape[0], *(size for size in shape[1:] if size != 1))


def _runs(move: Move, kind: str) -> bool:
    """Whether ONNX Runtime has the operators for elements of this type."""
    return all(kind in _KINDS.get(step.op, (kind,)) for step in move.steps)


def _seen(shape: tuple[int, ...], channels_last: bool) -> tuple[int, ...]:
    return tuple(shape[i] for i in _TO_CHANNELS_FIRST) if channels_last else shape


def _form(shape: tuple[int, ...], moved: Array, region: list[Node]) -> tuple[Move, tuple[bool, bool]] | None:
    """What the map is, in the layouts in which it is; None if it takes as many nodes to say."""
    numbers = np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)
    slow = any(n.is_op(*_SLOW) for n in region)
    for layouts in _LAYOUTS:
        one, other = (
            v.transpose(_TO_CHANNELS_FIRST) if last else v
            for v, last in zip((numbers, moved), layouts, strict=True)
        )
        if not plausible(one.shape, other.shape):
            continue
        # Numbers of a source seen in another layout: its own places, in that layout's order.
        renumbered = _renumbered(one, other) if layouts[0] else other
        plain = np.arange(numbers.size, dtype=np.int32).reshape(one.shape)
        for recognise in (*FORMS, separable) if slow else FORMS:
            move = recognise(plain, renumbered)
            if move is not None and len(move.steps) + sum(layouts) <= len(region):
                return move, layouts
    return None


def _renumbered(one: Array, other: Array) -> Array:
    places = np.empty(one.size, np.int32)
    places[one.reshape(-1)] = np.arange(one.size, dtype=np.int32)
    return places[other]


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


def _moved(
    editor: Editor, region: list[Node], source: str, shape: tuple[int, ...], target: str
) -> Array | None:
    """Which element of the source each element of the target is; None if it cannot be computed."""
    values: dict[str, Array] = {source: np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)}
    for node in sorted(region, key=lambda n: n.order):
        if not _only_moves(editor, node):
            return None
        for name in node.inputs:
            if name in editor.constants:
                values[name] = editor.constants[name]
        if any(name and name not in values for name in node.inputs):
            return None
        results = evaluate(node, values, editor.opset)
        if results is None:
            return None
        values.update(results)
    moved = values.get(target)
    return moved if moved is not None and _are_places(moved, int(np.prod(shape))) else None


def _are_places(moved: Array, size: int) -> bool:
    """Whether all are numbers of elements: a form of anything else would prove nothing."""
    return moved.dtype == np.int32 and moved.size > 0 and moved.min() >= 0 and moved.max() < size


def _only_moves(editor: Editor, node: Node) -> bool:
    """Whether data are data and parameters constants: numbers of constants, or as indices, are no places."""
    known = [name in editor.constants for name in node.inputs if name]
    return not any(known) if node.is_op("Concat") else not known[0] and all(known[1:])


def _apply(editor: Editor, node: Node, source: str, move: Move, layouts: tuple[bool, bool]) -> None:
    output, current = node.outputs[0], source
    if layouts[0]:
        current = editor.add("Transpose", [current], at=node, perm=_TO_CHANNELS_FIRST)
    for step in move.steps:
        operands = [
            "" if array is None else editor.add_constant(array, f"{output}/{step.op}")
            for array in step.operands
        ]
        current = editor.add(step.op, [current, *operands], at=node, **step.attributes)
    if layouts[1]:
        current = editor.add("Transpose", [current], at=node, perm=_TO_CHANNELS_LAST)
    if editor.shape(current) != editor.shape(output):
        shape = editor.add_constant(np.array(editor.shape(output), np.int64), f"{output}/shape")
        current = editor.add("Reshape", [current, shape], at=node)
    editor.replace(output, current)
