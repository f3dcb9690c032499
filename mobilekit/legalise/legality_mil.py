"""What the legal form for Core ML promises, as checks; the lowerings to MIL rely on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rules.ranks_mil import MOST_AXES
from mobilekit.legalise.rules.resize import TFLITE_LINEAR
from mobilekit.legalise.workspace import Workspace

if TYPE_CHECKING:
    from mobilekit.source.graph import Graph

# Operators that always have another form.
REWRITTEN_MIL = frozenset({
    "Acosh", "Asinh", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "CastLike", "Celu",
    "CenterCropPad", "Constant", "ConstantOfShape", "Dropout", "Einsum", "EyeLike", "Flatten",
    "GatherElements", "GatherND", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "Hardmax", "IsInf",
    "LRN", "LogSoftmax", "LpNormalization", "LpPool", "Mean", "OneHot", "Range", "ReduceLogSum",
    "ReduceLogSumExp", "ReverseSequence", "RoiAlign", "ScatterElements", "Shrink", "Squeeze", "TensorScatter",
    "Trilu", "Unsqueeze",
})  # fmt: skip


def check_legal_mil(graph: Graph) -> tuple[str, ...]:
    """Every violation of the legal form, as ``node (operator): what``; none for a legal graph."""
    space = Workspace(graph.proto())
    view = Builder(space, "", [])
    known = {*space.inputs, *space.constants.names()}
    found: list[str] = []
    for node in space.nodes:
        problems = [
            f"reads {name} before it is computed" for name in node.inputs if name and name not in known
        ]
        known.update(node.outputs)
        problems += [
            f"{name} has no fixed shape" for name in node.outputs if name and name not in space.types
        ]
        if not problems and not node.domain:
            problems = list(_problems(node, view))
        found += [f"{node.name} ({node.op}): {problem}" for problem in problems]
    return tuple(found)


def _problems(node: Node, b: Builder) -> Iterator[str]:
    if node.op in REWRITTEN_MIL:
        yield "has no place in the legal form"
    values = [v for v in (*node.inputs, *node.outputs) if v]
    if node.op != "Reshape" and max(map(b.rank, values), default=0) > MOST_AXES:
        yield f"a value of more than {MOST_AXES} axes"
    check = _CHECKS.get(node.op)
    if check is not None:
        yield from check(node, b)


def _window(node: Node, b: Builder) -> Iterator[str]:
    if node["auto_pad"] != "NOTSET" or "pads" not in node.attributes:
        yield "pads are not written out"
    if node.op.endswith("Pool") and (node["ceil_mode"] or any(d != 1 for d in node["dilations"] or ())):
        yield "ceil_mode or dilations"
    if node.op == "MaxPool" and any(node.outputs[1:]):
        yield "indices"
    if node.op == "ConvTranspose" and (any(node["output_padding"] or ()) or node["output_shape"]):
        yield "output_padding or output_shape"
    if node.op.startswith("Conv") and node.input(2) and not b.is_constant(node.inputs[2]):
        yield "a bias computed at run time"


def _pad(node: Node, b: Builder) -> Iterator[str]:
    pads = b.ints(node.inputs[1])
    if node["mode"] == "wrap" or len(node.inputs) > 3 or pads is None or min(pads, default=0) < 0:
        yield f"mode {node['mode']}, pads {pads}"


def _resize(node: Node, b: Builder) -> Iterator[str]:
    how = node["coordinate_transformation_mode"]
    if node.input(1) or node.input(2) or b.ints(node.input(3)) is None:
        yield "not by constant sizes"
    nearest = node["mode"] == "nearest" and (how, node["nearest_mode"]) == ("asymmetric", "floor")
    if not nearest and (node["mode"] != "linear" or how not in TFLITE_LINEAR):
        yield f"mode {node['mode']} with {how}"


def _gather(node: Node, b: Builder) -> Iterator[str]:
    if node["axis"] < 0 or min(b.ints(node.inputs[1]) or (0,), default=0) < 0:
        yield "negative positions or axis"


def _constants(node: Node, b: Builder) -> Iterator[str]:
    if any(v and not b.is_constant(v) for v in node.inputs[1:]):
        yield "operands computed at run time"


def _grid(node: Node, b: Builder) -> Iterator[str]:  # noqa: ARG001
    if node["mode"] != "linear" or node["padding_mode"] not in ("zeros", "border"):
        yield f"mode {node['mode']} with {node['padding_mode']} outside"


_CHECKS: dict[str, Callable[[Node, Builder], Iterator[str]]] = {
    **dict.fromkeys(("Conv", "ConvTranspose", "MaxPool", "AveragePool"), _window),
    **dict.fromkeys(("Reshape", "Expand", "Tile", "Slice", "Split", "TopK", "CumSum"), _constants),
    "Gather": _gather,
    "GridSample": _grid,
    "Pad": _pad,
    "Resize": _resize,
}
