"""Slice with constant starts, ends, axes and steps, clamped to the input; negative steps stay."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule


def _slice(node: Node, b: Builder) -> Replacement | Refusal | None:
    x = node.inputs[0]
    if any(name and not b.is_constant(name) for name in node.inputs[1:]):
        return Refusal(
            got="starts, ends, axes or steps computed at run time", hint="export with fixed shapes"
        )
    starts, ends = b.ints(node.inputs[1]) or (), b.ints(node.inputs[2]) or ()
    axes = b.ints(node.input(3)) if node.input(3) else tuple(range(len(starts)))
    steps = b.ints(node.input(4)) if node.input(4) else (1,) * len(starts)
    assert axes is not None
    assert steps is not None
    wanted = sorted(
        (axis % b.rank(x), *clamped(start, end, step, b.shape(x)[axis]))
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True)
    )
    wanted = [w for w in wanted if w[1:] != (0, b.shape(x)[w[0]], 1)]
    if not wanted:
        return x
    columns = [list(c) for c in zip(*wanted, strict=True)]
    operands = [columns[1], columns[2], columns[0], columns[3]]
    if [list(b.ints(name) or ()) for name in node.inputs[1:]] == operands:
        return None
    return b.add("Slice", x, *operands)


def clamped(start: int, end: int, step: int, size: int) -> tuple[int, int, int]:
    """Start, end and step as ONNX understands them: counted from the front, inside the axis.

    With a negative step, an end before the first cell is written ``-size - 1``.
    """
    start = start + size if start < 0 else start
    end = end + size if end < 0 else end
    if step > 0:
        start = min(max(start, 0), size)
        return start, max(min(max(end, 0), size), start), step
    start = min(max(start, -1), size - 1)
    end = min(max(end, -1), size - 1)
    return start, end if end >= 0 else -size - 1, step


RULES = (Rule(name="slice", ops=("Slice",), apply=_slice),)
