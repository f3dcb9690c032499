"""Floats that become whole numbers: a rounding of float16 before makes another number of them.

An index of 4097 is no float16, and half a step decides between two neighbours. So what leads to an
integer is computed in float32, back to the operator that makes values of many (a convolution, a product)::

    x ─ Conv ─ Div ─ Floor ─ Cast ─ indices         Div, Floor and Cast are islands

Quantised values that go straight back to floats are none: a step of them is a rounding like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView

_CARRIED = frozenset(
    ("Abs", "Add", "Cast", "Ceil", "Clip", "Concat", "Div", "Expand", "Floor", "Gather", "Max", "Min")
    + ("Mod", "Mul", "Neg", "ReduceMax", "ReduceMin", "Reshape", "Round", "Sign", "Slice", "Split")
    + ("Sqrt", "Sub", "Tile", "Transpose", "Unsqueeze", "Squeeze", "Where")
)
"""They compute an element of a few others, or move it: cheap, and float32 all the way is worth it."""


def integer_reasons(view: GraphView) -> Iterator[tuple[str, str]]:
    """First outputs of the nodes that lead to an integer tensor, each with why it is an island."""
    makers = {name: node for node in view.nodes for name in node.output if name}
    seen: set[str] = set()
    for node in view.nodes:
        if node.op_type != "Cast" or not _is_float(view, node.input[0]) or not _stays(view, node.output[0]):
            continue
        reason = f"it leads to the whole numbers of {node.output[0]}"
        waiting = [node]
        while waiting:
            found = waiting.pop()
            if found.output[0] in seen:
                continue
            seen.add(found.output[0])
            yield found.output[0], reason
            before = (makers.get(name) for name in found.input if name and _is_float(view, name))
            waiting += [maker for maker in before if maker is not None and maker.op_type in _CARRIED]


def _is_float(view: GraphView, name: str) -> bool:
    return view.dtypes[name] == np.float32


def _stays(view: GraphView, name: str) -> bool:
    """Whether ``name`` is an integer that is used as one: not only cast, in the end to float."""
    kind = view.dtypes[name].kind
    if kind not in "iu":
        return False
    readers = [view.nodes[index] for index in view.consumers.get(name, ())]
    return name in view.outputs or any(_reads(view, reader) for reader in readers)


def _reads(view: GraphView, reader: onnx.NodeProto) -> bool:
    if reader.op_type != "Cast":
        return True
    return not _is_float(view, reader.output[0]) and _stays(view, reader.output[0])
