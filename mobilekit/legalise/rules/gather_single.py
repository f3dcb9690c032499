"""One element of an axis by a constant index: a slice, which every delegate takes.

Qualcomm's compiler refuses a GATHER whose index is a scalar, and XNNPACK has no GATHER.
"""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _single(node: Node, b: Builder) -> Replacement | None:
    """The slice folded to the result's shape; an index beyond its axis is left for the checks to find."""
    x, indices = node.inputs
    array = b.constant(indices)
    if array is None or array.size != 1 or array.ndim == 1:
        return None
    axis = node["axis"] % b.rank(x)
    size, index = b.shape(x)[axis], int(array.reshape(-1)[0])
    if not -size <= index < size:
        return None
    start = index % size
    return b.reshape(b.slice(x, axis, start, start + 1), b.shape(node.name))


RULES = (Rule(name="gather-single", ops=("Gather",), apply=_single),)
