"""A graph that moves data about more than it computes."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import ANE_TRANSFORMERS

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView

_FEW = 4
_SHARE = 0.1
_MOVES = ("Transpose", "Reshape", "Tile", "Expand")


def movement(view: GraphView, setting: Setting) -> Iterator[Lint]:  # noqa: ARG001 - costs on every unit
    """One lint for all moves, if there are more than four and a tenth of the nodes; it names the largest."""
    moves = [n for n in view.nodes if n.op_type in _MOVES and not n.domain and not _is_free(view, n)]
    if len(moves) <= _FEW or len(moves) < _SHARE * len(view.nodes):
        return
    largest = max(moves, key=lambda node: prod(view.shapes[node.output[0]]))
    counts = {op: sum(node.op_type == op for node in moves) for op in _MOVES}
    told = ", ".join(f"{count} {op}" for op, count in counts.items() if count)
    yield Lint(
        rule="movement",
        node=largest.output[0],
        what=f"{told} among {len(view.nodes)} operators copy data and compute nothing; the largest is named",
        todo="keep one layout from end to end: channels second, 1×1 convolutions instead of products"
        " over the last axis, attention head by head",
        source=ANE_TRANSFORMERS,
    )


def _is_free(view: GraphView, node: onnx.NodeProto) -> bool:
    """Whether a Reshape only adds or drops axes of length one, or a product takes a Transpose in."""
    if node.op_type == "Transpose":
        return _is_taken_in(view, node)
    if node.op_type != "Reshape":
        return False
    before, after = view.shapes[node.input[0]], view.shapes[node.output[0]]
    return [d for d in before if d != 1] == [d for d in after if d != 1]


def _is_taken_in(view: GraphView, node: onnx.NodeProto) -> bool:
    """Whether a Transpose exchanges the last two axes for nothing but ``transpose_x`` and ``transpose_y``."""
    (result,) = node.output
    last = len(view.shapes[result]) - 1
    perm = next((list(a.ints) for a in node.attribute if a.name == "perm"), [])
    readers = {view.nodes[index].op_type for index in view.consumers.get(result, ())}
    is_swap = perm == [*range(last - 1), last, last - 1]
    return is_swap and readers == {"MatMul"} and result not in view.outputs
