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

import numpy as np

from mobilekit.convert.tflite.planes import channels_last_cost, is_softmax_of_planes

if TYPE_CHECKING:
    from mobilekit.convert.optable import OpTable
    from mobilekit.convert.tflite.fusion import Fused
    from mobilekit.convert.tflite.view import GraphView

Side = Literal["onnx", "channels_last", "any"]
Sides = tuple[Side, Side]

_NEVER = 1 << 28
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
    cut = _Cut()
    ins, outs = [], []
    for fused in nodes:
        read, write = sides_of(view, table, fused)
        if planes and is_softmax_of_planes(view, fused.node):
            read = write = "any"
        first = cut.node(read)
        ins.append(first)
        outs.append(first if read == write == "any" else cut.node(write))
        if planes and first > 1:
            cut.edge(first, 1, channels_last_cost(view, fused))
    producer = {value: outs[i] for i, fused in enumerate(nodes) for value in fused.outputs if value}
    producer.update({name: cut.node(_fixed(border[name])) for name in view.inputs})
    for i, fused in enumerate(nodes):
        for value in dict.fromkeys(view.runtime_inputs(fused.node)):
            cut.edge(producer[value], ins[i], _weight(view, value))
    for name in view.outputs:
        if name in producer:
            cut.edge(producer[name], cut.node(_fixed(border[name])), _weight(view, name))
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


class _Cut:
    """A minimum cut between the channels-last terminal (0) and the ONNX-order terminal (1)."""

    def __init__(self) -> None:
        self._count = 2
        self._edges: dict[tuple[int, int], int] = {}

    def node(self, side: Side) -> int:
        if side == "channels_last":
            return 0
        if side == "onnx":
            return 1
        self._count += 1
        return self._count - 1

    def edge(self, one: int, other: int, weight: int) -> None:
        if one != other and weight:
            for pair in ((one, other), (other, one)):
                self._edges[pair] = min(_NEVER, self._edges.get(pair, 0) + weight)

    def solve(self) -> list[bool]:
        """Whether each node is on the channels-last side (the unique smallest such side)."""
        if not self._edges:
            return [i == 0 for i in range(self._count)]
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        rows, columns = np.array(sorted(self._edges), dtype=np.int32).T
        weights = np.array([self._edges[pair] for pair in sorted(self._edges)], dtype=np.int32)
        capacity = csr_array((weights, (rows, columns)), shape=(self._count, self._count))
        residual = capacity - maximum_flow(capacity, 0, 1).flow
        residual.data = np.maximum(residual.data, 0)
        residual.eliminate_zeros()
        reached = breadth_first_order(residual, 0, return_predecessors=False)
        side = np.zeros(self._count, dtype=bool)
        side[reached] = True
        side[0] = True
        return [bool(s) for s in side]
