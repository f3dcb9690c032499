"""CenterCropPad: a Slice and a Pad about the middle."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _center_crop_pad(node: Node, b: Builder) -> Replacement:
    """The sizes are told by the shapes; of an odd difference the larger half is behind."""
    x = node.inputs[0]
    wanted = b.shape(node.name)
    before = [0] * len(wanted)
    after = [0] * len(wanted)
    for axis, (size, target) in enumerate(zip(b.shape(x), wanted, strict=True)):
        if size > target:
            start = (size - target) // 2
            x = b.slice(x, axis, start, start + target)
        before[axis] = max(target - size, 0) // 2
        after[axis] = max(target - size, 0) - before[axis]
    return b.add("Pad", x, [*before, *after], mode="constant") if any((*before, *after)) else x


RULES = (Rule(name="center-crop-pad", ops=("CenterCropPad",), apply=_center_crop_pad),)
