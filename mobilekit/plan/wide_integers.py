"""Integers that a runtime with 32 bits would cut: what the integer results of a graph reach on samples.

Constants and inputs are checked where they enter. What a node computes from them nobody can tell beforehand::

    x (int32) ─ Cast ─ int64 ─ Mul ─ 5·10⁹ ─ Mod ─ y      right in ONNX, y is another number in int32
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.optable import describe
from mobilekit.convert.view import view_of
from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.ort import open_graph

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed

_WIDE = ("int64", "uint32", "uint64")
_NO_NEW_NUMBERS = frozenset(
    ("ArgMax", "ArgMin", "Clip", "Concat", "DepthToSpace", "Expand", "Flatten", "Gather")
    + ("GatherElements", "GatherND", "Identity", "Max", "Min", "Mod", "NonZero", "Pad", "Reshape")
    + ("ScatterElements", "ScatterND", "Shape", "Sign", "Size", "Slice", "SpaceToDepth", "Split")
    + ("Squeeze", "Tile", "TopK", "Transpose", "Unsqueeze", "Where")
)
"""Their results are among their operands, or no larger than those or than a dimension."""


def check_integers(graph: Graph, samples: Iterable[Feed], *, source: Graph) -> None:
    """Raise UnsupportedOperatorError for the first node of a legalised graph beyond int32 on ``samples``.

    Only values that ``source`` names too: what a rule writes in between may wrap on purpose, as in powers
    by squares. Runs nothing where no integer of more than 32 bits is computed: that is most networks.
    """
    view = view_of(graph)
    own = {name for node in source.proto().graph.node for name in node.output}
    nodes = {n: node for node in view.nodes for n in node.output if n in own and _computes(view, node, n)}
    if not nodes:
        return
    limits = np.iinfo(np.int32)
    try:
        opened = open_graph(graph, taps=tuple(nodes))
    except UnsupportedOperatorError:  # ONNX Runtime has no kernel: the outputs are compared all the same
        return
    with opened as session:
        for feed in samples:
            found = session.run(feed, taps=tuple(nodes))
            for name, node in nodes.items():
                values = found[name]
                if values.size and (values.max() > limits.max or values.min() < limits.min):
                    raise _refusal(node, values)


def _computes(view: GraphView, node: onnx.NodeProto, name: str) -> bool:
    return bool(name) and view.dtypes[name].name in _WIDE and node.op_type not in _NO_NEW_NUMBERS


def _refusal(node: onnx.NodeProto, values: Array) -> UnsupportedOperatorError:
    reach = f"{values.min()} … {values.max()}"
    message = f"{describe(node)}: its integers reach {reach} on the samples, beyond 32 bits"
    return UnsupportedOperatorError(
        message, hint="Core ML has int32 only: compute this in float, or outside the model"
    )
