"""Concat of many: joined in groups, since XNNPACK joins at most five tensors at once.

::

    a ─┐                a ─ Concat ─┐
    b ─┤                b ─┘        │
    … ─ Concat ─ y      …           ├─ Concat ─ y
    i ─┘                h ─ Concat ─┘
                        i ─┘
"""

from __future__ import annotations

from math import prod

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

_MOST = 5
_MOST_COPIED_TWICE = 0.5
"""Of all bytes. Measured: two to five times as fast as LiteRT's own kernel up to here, slower beyond."""


def _concat(node: Node, b: Builder) -> Replacement | None:
    """Groups of neighbours, the small ones first, until five are left."""
    if len(node.inputs) <= _MOST or not b.type(node.name).is_float:
        return None
    axis = node["axis"] % b.rank(node.name)
    groups = [[name] for name in node.inputs]
    sizes = [prod(b.shape(name)) for name in node.inputs]
    copied = 0
    while len(groups) > _MOST:
        start, count = _cheapest(sizes, len(groups) - _MOST + 1)
        copied += sum(sizes[start : start + count])
        groups[start : start + count] = [[name for group in groups[start : start + count] for name in group]]
        sizes[start : start + count] = [sum(sizes[start : start + count])]
    if copied > _MOST_COPIED_TWICE * sum(sizes) or any(len(group) > _MOST for group in groups):
        return None
    return b.concat([b.concat(group, axis) for group in groups], axis)


def _cheapest(sizes: list[int], most: int) -> tuple[int, int]:
    """Where to join neighbours, and how many: the fewest bytes for each tensor less."""
    windows = [
        (start, count)
        for count in range(2, min(most, _MOST, len(sizes)) + 1)
        for start in range(len(sizes) - count + 1)
    ]
    return min(windows, key=lambda w: (sum(sizes[w[0] : w[0] + w[1]]) / (w[1] - 1), w))


RULES = (Rule(name="concat-of-many", ops=("Concat",), apply=_concat),)
