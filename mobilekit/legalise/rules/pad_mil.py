"""Pad for Core ML: constant everywhere, reflect and edge around the last two axes; the rest as slices.

MIL's documentation bounds reflections by the size less one, and replication by the size; Core ML's own
kernels mirror the last two axes only.
"""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.pad import pad_axis, pads_of

_MIRRORED_AXES = 2


def _mirrored(node: Node, b: Builder) -> Replacement | None:
    """What MIL does not say of a mode, one axis after the other; the last two axes as one Pad."""
    mode, x = node["mode"], node.inputs[0]
    if mode == "constant":
        return None
    rank, shape = b.rank(x), b.shape(x)
    sides = list(zip(*pads_of(node, b), strict=True))
    native = {
        axis
        for axis, (before, after) in enumerate(sides)
        if axis >= rank - _MIRRORED_AXES and _is_said(mode, max(before, after), shape[axis])
    }
    wanted = {axis for axis, pair in enumerate(sides) if any(pair)}
    if not b.type(x).is_float or rank < 2:
        native = set()
    if wanted <= native:
        return None
    for axis in sorted(wanted - native):
        x = pad_axis(x, axis, *sides[axis], mode, b)
    rest = [pair if axis in native else (0, 0) for axis, pair in enumerate(sides)]
    if not any(map(any, rest)):
        return x
    return b.add("Pad", x, [*(lo for lo, _ in rest), *(hi for _, hi in rest)], mode=mode)


def _is_said(mode: str, most: int, size: int) -> bool:
    return most <= {"reflect": size - 1, "edge": size, "wrap": -1}[mode]


RULES = (Rule(name="pad-mirrored-mil", ops=("Pad",), apply=_mirrored),)
