"""Pad: constants only and none negative; other modes as slices (or gathers) put together."""

from __future__ import annotations

from math import prod

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

# Up to this width, rows are sliced one by one and concatenated, which is faster than Gather on the
# CPU; wider pads would need too many operators.
SLICED_AT_MOST = 4
_MOST_AXES = 5

_NUMPY_MODES = {"reflect": "reflect", "edge": "edge", "wrap": "wrap"}


def _complete(node: Node, b: Builder) -> Replacement | Refusal | None:
    """Write the pads of all axes, without an ``axes`` operand; refuse runtime pads."""
    x = node.inputs[0]
    if b.ints(node.inputs[1]) is None or (node.input(3) and b.ints(node.inputs[3]) is None):
        return Refusal(got="pads computed at run time", hint="export the model with fixed shapes")
    before, after = pads_of(node, b)
    if not any((*before, *after)):
        return x
    wants_value = node["mode"] == "constant"
    left = _left(b.shape(x), before, after)
    if 0 in left and 0 not in b.shape(x):
        return _nothing_left(node, b)
    if node["mode"] == "wrap" and any(lo > size for lo, size in zip(before, left, strict=True)):
        # ONNX Runtime 1.26 returns memory there that it did not write.
        got = f"mode=wrap with pads {[*before, *after]} beyond the sizes {list(left)}"
        return Refusal(got=got, hint="repeat the tensor with Tile first")
    if wants_value and node.input(2) and not b.is_constant(node.inputs[2]):
        return _chosen(x, [*before, *after], node.inputs[2], b)
    has_spare = len(node.inputs) > 3 or (len(node.inputs) > 2 and not wants_value)
    if not has_spare:
        return None
    value = node.inputs[2] if wants_value and node.inputs[2] else None
    return b.add("Pad", x, [*before, *after], value, mode=node["mode"])


def _left(shape: tuple[int, ...], before: list[int], after: list[int]) -> tuple[int, ...]:
    """What negative pads leave of each axis."""
    return tuple(
        max(size + min(lo, 0) + min(hi, 0), 0) for size, lo, hi in zip(shape, before, after, strict=True)
    )


def _nothing_left(node: Node, b: Builder) -> Replacement | Refusal:
    """Negative pads that cut everything away leave the pad value alone."""
    shape, value = b.shape(node.name), node.input(2)
    if node["mode"] != "constant":
        got = f"mode={node['mode']} with pads that leave nothing of {list(b.shape(node.inputs[0]))}"
        return Refusal(got=got, hint="pad less than there is")
    if value and not b.is_constant(value):
        return b.add("Expand", b.reshape(value, (1,) * len(shape)), list(shape))
    filler = b.constant(value) if value else None
    number = np.zeros((), b.dtype(node.name)) if filler is None else filler.reshape(())
    return b.workspace.intern(np.full(shape, number), f"{node.name}/value")


def _chosen(x: str, pads: list[int], value: str, b: Builder) -> str:
    """A value computed at run time: chosen, by a constant mask, where zeros were padded."""
    rank = b.rank(x)
    ends = [(max(lo, 0), max(hi, 0)) for lo, hi in zip(pads[:rank], pads[rank:], strict=True)]
    ours = np.pad(np.ones(b.shape(x), bool), ends)
    starts = [max(-lo, 0) for lo in pads[:rank]]
    cut = tuple(slice(s, n - max(-hi, 0)) for s, n, hi in zip(starts, ours.shape, pads[rank:], strict=True))
    return b.add("Where", ours[cut], b.add("Pad", x, pads, mode="constant"), b.reshape(value, (1,) * rank))


def pads_of(node: Node, b: Builder) -> tuple[list[int], list[int]]:
    """Pads before and after, for every axis."""
    rank = b.rank(node.inputs[0])
    listed = b.ints(node.inputs[1]) or ()
    axes = b.ints(node.input(3)) if node.input(3) else tuple(range(rank))
    assert axes is not None
    before, after = [0] * rank, [0] * rank
    for position, axis in enumerate(axes):
        before[axis] = listed[position]
        after[axis] = listed[len(axes) + position]
    return before, after


def _negative(node: Node, b: Builder) -> Replacement | None:
    """Negative pads cut: Slice first, then pad what is left."""
    before, after = pads_of(node, b)
    if min(*before, *after) >= 0:
        return None
    x = node.inputs[0]
    cut = [
        (axis, max(-lo, 0), size - max(-hi, 0))
        for axis, (size, lo, hi) in enumerate(zip(b.shape(x), before, after, strict=True))
        if lo < 0 or hi < 0
    ]
    axes, starts, ends = (list(column) for column in zip(*cut, strict=True))
    inner = b.add("Slice", x, starts, ends, axes, [1] * len(axes))
    rest = [max(p, 0) for p in (*before, *after)]
    return b.add("Pad", inner, rest, node.input(2), mode=node["mode"]) if any(rest) else inner


def _mirrored(node: Node, b: Builder) -> Replacement | None:
    """reflect, edge and wrap: one axis after the other, the innermost last (it copies most)."""
    mode = node["mode"]
    if mode == "constant":
        return None
    x = node.inputs[0]
    for axis, (before, after) in enumerate(zip(*pads_of(node, b), strict=True)):
        if before or after:
            x = pad_axis(x, axis, before, after, mode, b)
    return x


def _ranks(node: Node, b: Builder) -> Replacement | None:
    """LiteRT pads up to five axes: of more, one axis after the other, with what is around it as one."""
    x = node.inputs[0]
    if b.rank(x) <= _MOST_AXES or node["mode"] != "constant":
        return None
    for axis, (before, after) in enumerate(zip(*pads_of(node, b), strict=True)):
        if not before and not after:
            continue
        shape = b.shape(x)
        rows, columns = prod(shape[:axis]), prod(shape[axis + 1 :])
        flat = b.reshape(x, (rows, shape[axis], columns))
        padded = b.add("Pad", flat, [0, before, 0, 0, after, 0], node.input(2))
        x = b.reshape(padded, (*shape[:axis], shape[axis] + before + after, *shape[axis + 1 :]))
    return x


def pad_axis(x: str, axis: int, before: int, after: int, mode: str, b: Builder) -> str:
    """``x`` with cells of its own repeated along one axis, by NumPy's rules for ``mode``."""
    size = b.shape(x)[axis]
    taken = source_indices(size, before, after, mode)
    runs = _runs([*taken[:before], *taken[before + size :]])
    if max(before, after) > SLICED_AT_MOST and len(runs) > 2:
        return b.add("Gather", x, np.array(taken, np.int64), axis=axis)
    head = [b.slice(x, axis, lo, hi) for lo, hi in _runs(taken[:before])]
    tail = [b.slice(x, axis, lo, hi) for lo, hi in _runs(taken[before + size :])]
    return b.concat([*head, x, *tail], axis)


def source_indices(size: int, before: int, after: int, mode: str) -> list[int]:
    """Which cell of the input each cell of the padded axis repeats."""
    padded = np.pad(np.arange(size), (before, after), mode=_NUMPY_MODES[mode])  # type: ignore[call-overload]
    return [int(i) for i in padded]


def _runs(indices: list[int]) -> list[tuple[int, int]]:
    """Ascending stretches ``[start, end)`` that together give ``indices``."""
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


OPERANDS = (
    Rule(name="pad-complete", ops=("Pad",), apply=_complete),
    Rule(name="pad-negative", ops=("Pad",), apply=_negative),
)
RULES = (
    *OPERANDS,
    Rule(name="pad-mirrored", ops=("Pad",), apply=_mirrored),
    Rule(name="pad-ranks", ops=("Pad",), apply=_ranks),
)
