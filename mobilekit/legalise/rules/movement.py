"""Moving elements of a type, or along more axes, than LiteRT's kernels know.

A type without a kernel travels as one that holds all its values (an unsigned 64-bit number as the
signed one of the same bits). More axes than a kernel takes are folded into three::

    [a, b, c, d, e, f, g]  along d   →   [a·b·c, d, e·f·g]
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

_UNSIGNED = ("uint16", "uint32", "uint64")
LACKING: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "Concat": frozenset(("uint16", "uint64")),
        "DepthToSpace": frozenset((*_UNSIGNED, "int16", "bool")),
        "Gather": frozenset(_UNSIGNED),
        "Pad": frozenset(_UNSIGNED),
        "Slice": frozenset(_UNSIGNED),
        "SpaceToDepth": frozenset((*_UNSIGNED, "int16", "bool")),
    }
)
"""Per operator: the element types that its kernel in LiteRT 2.3 refuses (tried one by one)."""

CARRIERS: Mapping[str, Any] = MappingProxyType(
    {
        "bool": np.uint8,
        "int16": np.int32,
        "uint16": np.int32,
        "uint32": np.int64,
        "uint64": np.int64,
    }
)
"""The type that stands for one that a kernel lacks; casting there and back changes no value."""

_DATA = {"Concat": slice(None), "Pad": slice(0, 3, 2)}
MOST_AXES = 6


def _carried(node: Node, b: Builder) -> Replacement | None:
    """Cast, move, cast back."""
    kind = b.dtype(node.inputs[0])
    if kind.name not in LACKING[node.op] or (node.op == "Slice" and not _is_backward(node, b)):
        return None
    carrier = CARRIERS[kind.name]
    data = set(node.inputs[_DATA.get(node.op, slice(0, 1))])
    moved = b.again(node, *(b.cast(v, carrier) if v and v in data else v for v in node.inputs))
    return b.cast(moved, kind)


def _is_backward(node: Node, b: Builder) -> bool:
    """Whether a Slice turns something around; forwards, LiteRT cuts anything."""
    return min((b.ints(node.input(4)) if node.input(4) else None) or (1,)) < 0


def _concat(node: Node, b: Builder) -> Replacement | None:
    """A non-negative axis; along the middle of three axes if there are too many."""
    rank = b.rank(node.name)
    axis = node["axis"] % rank
    if rank > MOST_AXES:
        folded = [b.reshape(v, _around(b.shape(v), axis)) for v in node.inputs]
        return b.reshape(b.concat(folded, 1), b.shape(node.name))
    return None if axis == node["axis"] else b.add("Concat", *node.inputs, axis=axis)


def _split(node: Node, b: Builder) -> Replacement | None:
    """Along the middle of three axes if there are too many."""
    x = node.inputs[0]
    axis = node["axis"] % b.rank(x)
    if b.rank(x) <= MOST_AXES or not all(node.outputs):
        return None
    sizes = [b.shape(name)[axis] for name in node.outputs]
    folded = b.reshape(x, _around(b.shape(x), axis))
    parts = b.add_many("Split", folded, sizes, outputs=len(sizes), axis=1)
    return tuple(b.reshape(v, b.shape(name)) for v, name in zip(parts, node.outputs, strict=True))


def _around(shape: tuple[int, ...] | list[int], axis: int) -> tuple[int, int, int]:
    """The axes before one, it, and those after it."""
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


RULES = (
    Rule(name="carried", ops=tuple(LACKING), apply=_carried),
    Rule(name="concat", ops=("Concat",), apply=_concat),
    Rule(name="split-rank", ops=("Split",), apply=_split),
)
