"""Split with its sizes as a constant operand; slices where TFLite's kernel or an unused part forbids it."""

from __future__ import annotations

from itertools import accumulate

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

# LiteRT's SPLIT_V has no kernel for these.
_SLICED = ("bool", "uint16", "uint32", "uint64")


def _split(node: Node, b: Builder) -> Replacement | Refusal | None:
    x = node.inputs[0]
    axis = node["axis"] % b.rank(x)
    sizes = _sizes(node, b.shape(x)[axis], axis, b)
    if sizes is None:
        return Refusal(got="split computed at run time", hint="export the model with constant sizes")
    if sizes.count(0) + 1 == len(sizes):
        return tuple(_part(x, axis, start, size, b) for start, size in _starts(sizes))
    if not all(node.outputs) or b.dtype(x).name in _SLICED or 0 in sizes:
        parts = zip(node.outputs, _starts(sizes), strict=False)
        return tuple(_part(x, axis, *place, b) if name else "" for name, place in parts)
    if node.attributes == {"axis": axis} and b.ints(node.input(1)) == tuple(sizes):
        return None
    return b.add_many("Split", x, sizes, outputs=len(sizes), axis=axis)


def _sizes(node: Node, size: int, axis: int, b: Builder) -> list[int] | None:
    """The size of every part, of unused ones too."""
    if node.input(1):
        given = b.ints(node.inputs[1])
        return None if given is None else list(given)
    if all(node.outputs) and not node["num_outputs"]:
        return [b.shape(name)[axis] for name in node.outputs]
    count = node["num_outputs"] or len(node.outputs)
    whole = -(-size // count)
    return [max(min(whole, size - i * whole), 0) for i in range(count)]


def _starts(sizes: list[int]) -> list[tuple[int, int]]:
    return list(zip(accumulate(sizes[:-1], initial=0), sizes, strict=True))


def _part(x: str, axis: int, start: int, size: int, b: Builder) -> str:
    return b.slice(x, axis, start, start + size)


RULES = (Rule(name="split", ops=("Split",), apply=_split),)
