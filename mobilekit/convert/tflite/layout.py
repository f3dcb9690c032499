"""Where each tensor has its channels: one decision for the whole graph.

Every operator reads and writes its tensors either in ONNX order or channels-last (axis 1 moved to
the end: NHWC for images). Some insist (a convolution is channels-last, a Reshape is in ONNX order),
most do not care as long as their tensors agree. A transpose costs the bytes it moves, so the best
assignment is a minimum cut of the graph whose nodes are operators and whose edges are tensors. Operators
that are slow on a few channels pay for having them last (:mod:`~mobilekit.convert.tflite.planes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mobilekit.convert.tflite.cut import SINK, SOURCE, Cut
from mobilekit.convert.tflite.planes import channels_last_cost, is_softmax_of_planes

if TYPE_CHECKING:
    from mobilekit.convert.optable import OpTable
    from mobilekit.convert.tflite.fusion import Fused
    from mobilekit.convert.tflite.view import GraphView

Side = Literal["onnx", "channels_last", "any"]
Sides = tuple[Side, Side]

_KIBIBYTE = 1024


def permutation(rank: int, *, channels_last: bool) -> tuple[int, ...]:
    """``p`` such that the file's array is ``onnx_array.transpose(p)``."""
    if not channels_last or rank < 3:
        return tuple(range(rank))
    return (0, *range(2, rank), 1)


def moves_nothing(shape: Sequence[int], order: Sequence[int]) -> bool:
    """Whether transposing a tensor of ``shape`` by ``order`` leaves its bytes as they are."""
    moved = [axis for axis in order if shape[axis] != 1]
    return moved == sorted(moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layouts:
    """Per operator (in the order of the fused nodes): channels-last on its way in, and out."""

    reads: tuple[bool, ...]
    writes: tuple[bool, ...]


def sides_of(view: GraphView, table: OpTable, fused: Fused) -> Sides:
    """What the operator asks of its inputs and gives its outputs; ``any`` twice means the same."""
    node = fused.node
    found = table.find(node.op_type, domain=node.domain, opset=view.opsets.get(node.domain, 1))
    trait = found.traits.get("layout", "onnx") if found else "onnx"
    if callable(trait):
        trait = trait(view, node)
    return trait if isinstance(trait, tuple) else (trait, trait)


def assign(
    view: GraphView,
    table: OpTable,
    nodes: Sequence[Fused],
    border: Mapping[str, bool],
    *,
    planes: bool = False,
) -> Layouts:
    """The assignment that moves the fewest bytes; ``border`` fixes graph inputs and outputs.

    With ``planes``, maps of few channels are in ONNX's order where that saves more than it moves.
    """
    cut = Cut()
    ins, outs = [], []
    for fused in nodes:
        read, write = sides_of(view, table, fused)
        if planes and is_softmax_of_planes(view, fused.node):
            read = write = "any"
        first = _node(cut, read)
        ins.append(first)
        outs.append(first if read == write == "any" else _node(cut, write))
        if planes and read == "any":
            cut.arc(first, SINK, channels_last_cost(view, fused))
    producer = {value: outs[i] for i, fused in enumerate(nodes) for value in fused.outputs if value}
    producer.update({name: _node(cut, _fixed(border[name])) for name in view.inputs})
    for i, fused in enumerate(nodes):
        for value in dict.fromkeys(view.runtime_inputs(fused.node)):
            cut.edge(producer[value], ins[i], _weight(view, value))
    for name in view.outputs:
        if name in producer:
            cut.edge(producer[name], _node(cut, _fixed(border[name])), _weight(view, name))
    labels = cut.solve()
    return Layouts(reads=tuple(labels[i] for i in ins), writes=tuple(labels[i] for i in outs))


def _fixed(channels_last: bool) -> Side:
    return "channels_last" if channels_last else "onnx"


def _weight(view: GraphView, value: str) -> int:
    shape = view.shapes[value]
    if len(shape) < 3:
        return 0
    if moves_nothing(shape, permutation(len(shape), channels_last=True)):
        return 1
    return 2 + view.size_bytes(value) // _KIBIBYTE


def _node(cut: Cut, side: Side) -> int:
    """The source is channels-last, the sink in ONNX's order."""
    return cut.node() if side == "any" else {"channels_last": SOURCE, "onnx": SINK}[side]
