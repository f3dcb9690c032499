"""What the legal form for TFLite promises, as checks; the emitter relies on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rules.broadcast import BROADCASTING
from mobilekit.legalise.rules.integers import has_kernel
from mobilekit.legalise.rules.mathematics import is_non_negative
from mobilekit.legalise.rules.matmul import HIGHEST_RANK
from mobilekit.legalise.rules.resize import TFLITE_LINEAR, TFLITE_NEAREST
from mobilekit.legalise.spatial import same_pads, window_of
from mobilekit.legalise.workspace import Workspace

if TYPE_CHECKING:
    from mobilekit.source.graph import Graph

# Operators that always have another form.
REWRITTEN = frozenset({
    "Acos", "Acosh", "Asin", "Asinh", "Atanh", "BatchNormalization", "BitShift", "BitwiseAnd", "BitwiseNot",
    "BitwiseOr", "BitwiseXor", "CastLike", "Celu", "CenterCropPad", "Constant", "ConstantOfShape", "Cosh",
    "Dropout", "Einsum", "Erf", "EyeLike", "Flatten", "GatherElements", "GatherND", "GlobalAveragePool",
    "GlobalLpPool", "GlobalMaxPool", "GridSample", "HardSigmoid", "Hardmax", "Identity", "IsInf", "IsNaN",
    "LRN", "LpNormalization", "Mean", "Mish", "OneHot", "Range", "Reciprocal", "ReduceL1", "ReduceL2",
    "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare", "ReverseSequence", "ScatterElements", "Selu",
    "Shrink", "Sinh", "Softplus", "Softsign", "Squeeze", "Sum", "Swish", "Tan", "TensorScatter",
    "ThresholdedRelu", "Trilu", "Unsqueeze",
})  # fmt: skip


def check_legal(graph: Graph) -> tuple[str, ...]:
    """Every violation of the legal form, as ``node (operator): what``; none for a legal graph."""
    space = Workspace(graph.proto())
    view = Builder(space, "", [])
    known = {*space.inputs, *space.constants.names()}
    found: list[str] = []
    for node, proto in zip(space.nodes, graph.proto().graph.node, strict=True):
        where = f"{node.name} ({node.op})"
        late = [name for name in node.inputs if name and name not in known]
        known.update(node.outputs)
        space.producers.update(dict.fromkeys(node.outputs, node))
        problems = [f"reads {name} before it is computed" for name in late]
        untyped = [name for name in node.outputs if name and name not in space.types]
        problems += [f"{name} has no fixed shape" for name in untyped]
        if proto.name != node.name:
            problems.append(f"is called {proto.name!r}")
        if not problems and not node.domain:
            problems = list(_problems(node, view))
        found += [f"{where}: {p}" for p in problems]
    used = {name for node in space.nodes for name in node.inputs} | set(space.outputs)
    found += [f"constant {name} is not used" for name in space.constants.names() if name not in used]
    return tuple(found)


def _problems(node: Node, b: Builder) -> Iterator[str]:
    if node.op in REWRITTEN:
        yield "has no place in the legal form"
    types = [b.type(v) for v in (*node.inputs, *node.outputs) if v]
    if node.op != "Cast" and any(t.is_float and t.dtype != np.float32 for t in types):
        yield "floats other than float32"
    if node.op in BROADCASTING:
        yield from _ranks(node, b)
    if not has_kernel(node.op, b.dtype(node.inputs[0])):
        yield f"elements of type {b.dtype(node.inputs[0]).name}"
    check = _CHECKS.get(node.op)
    if check is not None:
        yield from check(node, b)


def _ranks(node: Node, b: Builder) -> Iterator[str]:
    if node.op in ("Max", "Min") and len(node.inputs) != 2:
        yield f"{len(node.inputs)} operands"
    for value in node.inputs:
        if not b.is_constant(value) and b.rank(value) != b.rank(node.name):
            yield f"operand {value} of rank {b.rank(value)}"


def _conv(node: Node, b: Builder) -> Iterator[str]:
    if b.rank(node.inputs[0]) != 4:
        yield f"rank {b.rank(node.inputs[0])}"
        return
    yield from _missing(node, "kernel_shape", "strides", "dilations", "group", "pads")
    if node.input(2) and not all(b.is_constant(v) for v in node.inputs[1:]):
        yield "a bias with weights at run time, or at run time itself"
    window = window_of(node, b.shape(node.inputs[1])[2:])
    if node.op == "Conv":
        yield from _padding(node, same_pads(window, b.shape(node.inputs[0])[2:]))
        return
    if node["group"] != 1 or set(window.dilations) != {1} or any(node["output_padding"] or ()):
        yield "group, dilations or output_padding"
    totals = [k - s for k, s in zip(window.kernel, window.strides, strict=True)]
    yield from _padding(node, tuple((t // 2, t - t // 2) for t in totals))


def _pool(node: Node, b: Builder) -> Iterator[str]:
    x = node.inputs[0]
    if b.rank(x) != 4:
        yield f"rank {b.rank(x)}"
        return
    yield from _missing(node, "kernel_shape", "strides", "pads")
    window = window_of(node)
    if node["ceil_mode"] or set(window.dilations) != {1} or len(node.outputs) > 1:
        yield "ceil_mode, dilations or indices"
    if node.op == "AveragePool" and node["count_include_pad"] and any(node["pads"]):
        yield "pads that count"
    yield from _padding(node, same_pads(window, b.shape(x)[2:]))


def _padding(node: Node, same: tuple[tuple[int, int], ...]) -> Iterator[str]:
    pads = tuple(node["pads"] or ())
    flat = (*(p for p, _ in same), *(p for _, p in same))
    if node["auto_pad"] != "NOTSET" or (any(pads) and pads != flat):
        yield f"pads {pads}, neither none nor SAME {flat}"


def _missing(node: Node, *attributes: str) -> Iterator[str]:
    for attribute in attributes:
        if attribute not in node.attributes:
            yield f"{attribute} is not written out"


def _pad(node: Node, b: Builder) -> Iterator[str]:
    pads = b.ints(node.inputs[1])
    if node["mode"] != "constant" or len(node.inputs) > 3:
        yield "a mode other than constant, or axes"
    if pads is None or min(pads, default=0) < 0 or len(pads) != 2 * b.rank(node.inputs[0]):
        yield f"pads {pads}"
    if node.input(2) and not b.is_constant(node.inputs[2]):
        yield "a value computed at run time"


def _resize(node: Node, b: Builder) -> Iterator[str]:
    if b.rank(node.inputs[0]) != 4 or node.input(1) or node.input(2) or b.ints(node.input(3)) is None:
        yield "not by constant sizes on rank 4"
    how = node["coordinate_transformation_mode"]
    legal = {"linear": how in TFLITE_LINEAR, "nearest": (how, node["nearest_mode"]) in TFLITE_NEAREST}
    if not legal.get(node["mode"], False):
        yield f"mode {node['mode']} with {how}"


def _gemm(node: Node, b: Builder) -> Iterator[str]:
    if (node["alpha"], node["transA"], node["transB"]) != (1, 0, 1) or not b.is_constant(node.inputs[1]):
        yield "not a fully connected layer"
    c = node.input(2)
    if c and (not b.is_constant(c) or b.rank(c) != 1 or node["beta"] != 1):
        yield "C is not a constant vector"


def _matmul(node: Node, b: Builder) -> Iterator[str]:
    if any(b.rank(v) < 2 for v in node.inputs):
        yield "an operand of rank below 2"
    if max(b.rank(v) for v in node.inputs) > HIGHEST_RANK or not b.type(node.name).is_float:
        yield f"an operand of rank above {HIGHEST_RANK}, or integers"


def _constant_shape(node: Node, b: Builder) -> Iterator[str]:
    given = b.ints(node.inputs[1])
    if given is None or (node.op != "Tile" and given != b.shape(node.name)):
        yield f"shape {given}"


def _constant_rest(node: Node, b: Builder) -> Iterator[str]:
    if any(v and not b.is_constant(v) for v in node.inputs[1:]):
        yield "operands computed at run time"


def _slice(node: Node, b: Builder) -> Iterator[str]:
    yield from _constant_rest(node, b)
    if len(node.inputs) != 5:
        yield "axes or steps are not written out"
    elif any(s < 0 for s in (*(b.ints(node.inputs[1]) or ()), *(b.ints(node.inputs[3]) or ()))):
        yield "negative starts or axes"


def _scatter_nd(node: Node, b: Builder) -> Iterator[str]:
    zeros = b.constant(node.inputs[0])
    if node["reduction"] != "add" or zeros is None or zeros.ndim != 2 or zeros.any():
        yield "anything but additions to rows of zeros"


def _reduce(node: Node, b: Builder) -> Iterator[str]:
    axes = b.ints(node.input(1))
    if not axes or list(axes) != sorted(set(axes)) or axes[0] < 0:
        yield f"axes {axes}"


def _axis(node: Node, b: Builder) -> Iterator[str]:
    if node["axis"] < 0:
        yield "a negative axis"
    if node.op.startswith("Arg") and node["select_last_index"]:
        yield "select_last_index"
    if node.op == "TopK" and (node["axis"] != b.rank(node.inputs[0]) - 1 or not node["largest"]):
        yield "not the largest on the last axis"


def _mod(node: Node, b: Builder) -> Iterator[str]:
    if node["fmod"] and not (b.type(node.name).is_float and all(is_non_negative(v, b) for v in node.inputs)):
        yield "fmod of numbers that may be negative"


def _only(attribute: str, value: object) -> Callable[[Node, Builder], Iterator[str]]:
    def check(node: Node, b: Builder) -> Iterator[str]:  # noqa: ARG001
        if node[attribute] != value:
            yield f"{attribute}={node[attribute]}"

    return check


_CHECKS: dict[str, Callable[[Node, Builder], Iterator[str]]] = {
    **dict.fromkeys(("Conv", "ConvTranspose"), _conv),
    **dict.fromkeys(("MaxPool", "AveragePool"), _pool),
    **dict.fromkeys(("Reshape", "Expand", "Tile"), _constant_shape),
    **dict.fromkeys(("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"), _reduce),
    **dict.fromkeys(("ArgMax", "ArgMin", "TopK", "Gather", "Split"), _axis),
    **dict.fromkeys(("Clip", "CumSum"), _constant_rest),
    "DepthToSpace": _only("mode", "DCR"),
    "Elu": _only("alpha", 1.0),
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Mod": _mod,
    "Pad": _pad,
    "Resize": _resize,
    "ScatterND": _scatter_nd,
    "Slice": _slice,
}
