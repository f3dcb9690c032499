"""Regions between Transposes (or Reshapes) that undo each other are computed without them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mobilekit.normalise.frames import Frame, frame_of
from mobilekit.normalise.recognition import Recognition
from mobilekit.normalise.reframing import can_reframe, data_inputs, reframed

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_LARGEST = 256


@dataclass(slots=True, kw_only=True)
class _Region:
    """Nodes that could be said in the frame, and what it takes to cut them out."""

    frame: Frame
    nodes: dict[Node, None] = field(default_factory=dict)
    entries: dict[Node, None] = field(default_factory=dict)
    foreign: dict[str, None] = field(default_factory=dict)
    exits: dict[Node, None] = field(default_factory=dict)
    shown: dict[str, None] = field(default_factory=dict)

    @property
    def gain(self) -> int:
        """How many Transposes or Reshapes fewer there will be."""
        return len(self.entries) + len(self.exits) - len(self.foreign) - len(self.shown)


def open_sandwiches(editor: Editor) -> list[Recognition]:
    """::

        x ─ Transpose ─ Mul ─ Softmax(−1) ─ Transpose⁻¹ ─ y     →     x ─ Mul ─ Softmax(1) ─ y

    The same for Reshape, and where several Transposes enter a region or leave it. A MatMul between
    [N, H, W, C] and its way back is a 1×1 convolution.

    Requires: opset ≥ 21, types, views as Reshape. Ensures: no region of operators that have an equal
    in the other layout costs more Transposes (Reshapes) than it would there.
    """
    found: list[Recognition] = []
    again = True
    while again:
        again = False
        for node in editor.nodes:
            if editor.producer(node.outputs[0]) is not node:
                continue
            frame = frame_of(editor, node)
            region = _best(editor, node, frame) if frame else None
            if region is None:
                continue
            last = next(reversed(region.exits)) if region.exits else node
            detail = f"{len(region.nodes)} nodes, {region.gain} {node.op}s fewer"
            found.append(Recognition(kind=f"{node.op} sandwich", node=last.outputs[0], detail=detail))
            _open(editor, region)
            editor.remove_unused()
            again = True
    return found


def _best(editor: Editor, entry: Node, frame: Frame) -> _Region | None:
    """The region that saves most: with all that hangs together, or with what follows the entry only."""
    regions = [_grown(editor, entry, frame, upwards=upwards) for upwards in (True, False)]
    best = max((r for r in regions if r is not None and r.nodes), key=lambda r: r.gain, default=None)
    return best if best is not None and best.gain > 0 else None


def _grown(editor: Editor, entry: Node, frame: Frame, *, upwards: bool) -> _Region | None:
    region = _Region(frame=frame, entries={entry: None})
    pending = [entry.outputs[0]]
    while pending:
        for user in editor.users(pending.pop()):
            if user not in region.nodes:
                pending += _join(editor, region, user, upwards=upwards)
        if len(region.nodes) > _LARGEST:
            return None
    _close(editor, region)
    return region


def _join(editor: Editor, region: _Region, node: Node, *, upwards: bool) -> list[str]:
    """Take a node into the region if it can be; the values from which to go on."""
    pending, new = [node], []
    while pending:
        current = pending.pop()
        if current in region.nodes or not can_reframe(editor, current, region.frame):
            continue
        region.nodes[current] = None
        new += [n for n in current.outputs if n]
        for name in data_inputs(current):
            producer = editor.producer(name)
            if name in editor.constants or producer is None or producer in region.entries:
                continue
            if region.frame.is_entry(editor, producer):
                region.entries[producer] = None
                new.append(name)
            elif upwards:
                pending.append(producer)
    return new


def _close(editor: Editor, region: _Region) -> None:
    """Find what the region reads from outside, and who reads it there."""
    inside = {n for node in (*region.nodes, *region.entries) for n in node.outputs}
    for node in region.nodes:
        for name in data_inputs(node):
            if name not in inside and name not in editor.constants:
                region.foreign[name] = None
    for entry in list(region.entries):
        others = [u for u in editor.users(entry.outputs[0]) if u not in region.nodes]
        if others or editor.is_kept(entry.outputs[0]):
            del region.entries[entry]  # it stays for them
            region.foreign.pop(entry.outputs[0], None)
            region.shown.pop(entry.outputs[0], None)
    for node in region.nodes:
        for name in node.outputs:
            others = [u for u in editor.users(name) if u not in region.nodes]
            leaving = [u for u in others if region.frame.is_exit(editor, u)]
            region.exits.update(dict.fromkeys(leaving))
            if len(leaving) < len(others) or editor.is_kept(name):
                region.shown[name] = None


def _open(editor: Editor, region: _Region) -> None:
    frame, inner = region.frame, dict[str, str]()
    for node in _in_order(editor, region.nodes):
        for name in data_inputs(node):
            if name not in inner and name not in editor.constants:
                producer = editor.producer(name)
                entry = producer is not None and frame.is_entry(editor, producer)
                inner[name] = (
                    producer.inputs[0] if producer is not None and entry else frame.into(editor, name, node)
                )
        inner.update(zip(node.outputs, reframed(editor, node, frame, inner), strict=True))
    for name in region.shown:
        at = editor.producer(name)
        assert at is not None
        leaving = [u for u in editor.users(name) if u not in region.nodes and u not in region.exits]
        outer = frame.out_of(editor, inner[name], editor.shape(name), at)
        if editor.is_kept(name):
            editor.replace(name, outer)
            continue
        for user in leaving:
            editor.set_inputs(user, [outer if n == name else n for n in user.inputs])
    for node in region.exits:
        old, new = node.outputs[0], inner[node.inputs[0]]
        editor.replace(old, new)
        if editor.producer(new) is None and editor.producer(old) is not None:  # an output gave it its name
            inner = {k: old if v == new else v for k, v in inner.items()}


def _in_order(editor: Editor, nodes: Iterable[Node]) -> list[Node]:
    wanted = set(nodes)
    return [n for n in editor.nodes if n in wanted]
