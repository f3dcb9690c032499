"""Operators in another frame: the same computation on values as they were before a Transpose or Reshape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.normalise.frames import Frame, Permuted
from mobilekit.normalise.node import MOBILEKIT, Node

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor

_UNARY = (
    "Abs", "Cast", "Ceil", "Clip", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish",
    "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin",
    "Softplus", "Softsign", "Sqrt", "Tanh",
)  # fmt: skip
_BROADCASTING = (
    "Add", "And", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Min", "Mod",
    "Mul", "Or", "PRelu", "Pow", "Sub", "Sum", "Where", "Xor",
)  # fmt: skip
_REDUCTIONS = ("ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum")
_BY_AXIS = ("Concat", "LogSoftmax", "Softmax", "Split", "Gather")
_NORMS = ("Normalize", "RmsNormalize")
_TO_CHANNELS_LAST = (0, 2, 3, 1)
Inner = Mapping[str, str]


def data_inputs(node: Node) -> list[str]:
    """The inputs that are in the node's frame; shapes, axes and indices are not."""
    if node.op in _UNARY or node.op in (*_REDUCTIONS, "Slice", "Pad", "Split", "Gather", "MatMul"):
        return node.inputs[:1]
    return [n for n in node.inputs if n]


def can_reframe(editor: Editor, node: Node, frame: Frame) -> bool:
    """Whether :func:`reframed` can say the node in this frame."""
    form = _form(node)
    if form is None or any(frame.shape(editor.shape(n)) is None for n in node.outputs if n):
        return False
    for name in data_inputs(node):
        if name in editor.constants:
            continue
        if frame.shape(editor.shape(name)) is None:
            return False
    # Indices and bounds are no values of the frame, even where they are computed from one.
    others = node.inputs[len(data_inputs(node)) :]
    if len(data_inputs(node)) == 1 and any(n and n not in editor.constants for n in others):
        return False
    return form(editor, node, frame) is not None


def reframed(editor: Editor, node: Node, frame: Frame, inner: Inner) -> list[str]:
    """Insert the node's equal in the frame, where ``inner`` has its data inputs; its outputs, in order."""
    form = _form(node)
    said = form(editor, node, frame) if form else None
    assert said is not None
    op, inputs, attributes = said
    names = [inner.get(v, v) if isinstance(v, str) else _constant(editor, v, node) for v in inputs]
    outputs = [editor.unique(f"{name}/inner") for name in node.outputs]
    editor.insert(
        Node(op=op, inputs=names, outputs=outputs, attributes=attributes, domain=node.domain), at=node
    )
    return outputs


def _constant(editor: Editor, value: Any, node: Node) -> str:
    return editor.add_constant(value, f"{node.outputs[0]}/inner/constant")


Said = tuple[str, Sequence[Any], dict[str, Any]]
"""Operator, inputs (names of outer values and of constants, or new constants), attributes."""


def _form(node: Node) -> Callable[[Editor, Node, Frame], Said | None] | None:
    if node.domain == MOBILEKIT:
        return _norm if node.op in _NORMS else None
    return _FORMS.get(node.op) if not node.domain else None


def _same(editor: Editor, node: Node, frame: Frame) -> Said | None:  # noqa: ARG001 - one signature
    return node.op, node.inputs, dict(node.attributes)


def _broadcast(editor: Editor, node: Node, frame: Frame) -> Said | None:
    operands = _operands(editor, node, frame, node.inputs, len(editor.shape(node.outputs[0])))
    return None if operands is None else (node.op, operands, dict(node.attributes))


def _operands(editor: Editor, node: Node, frame: Frame, names: Sequence[str], rank: int) -> list[Any] | None:
    found: list[Any] = []
    for name in names:
        value = editor.constant_of(name)
        if value is None or (value.size == 1 and value.ndim <= 1 and node.domain != MOBILEKIT):
            found.append(name)
            continue
        inner = frame.constant(value, rank)
        if inner is None:
            return None
        found.append(inner)
    return found


def _reduction(editor: Editor, node: Node, frame: Frame) -> Said | None:
    axes = editor.constant_of(node.input(1))
    if axes is None or not axes.size or not node.attribute("keepdims", 1):
        return None
    rank = len(editor.shape(node.inputs[0]))
    inner = frame.axes([int(a) % rank for a in axes])
    return (
        None
        if inner is None
        else (node.op, [node.inputs[0], np.array(inner, np.int64)], dict(node.attributes))
    )


def _by_axis(editor: Editor, node: Node, frame: Frame) -> Said | None:
    rank = len(editor.shape(node.inputs[0]))
    axis = frame.axis(node.attribute("axis", -1 if node.op in ("Softmax", "LogSoftmax") else 0) % rank)
    if axis is None or (node.op == "Gather" and editor.types[node.inputs[1]].rank != 1):
        return None
    inputs = list[Any](node.inputs)
    if node.op == "Concat":  # every operand is in the frame, constants too
        known = [editor.constant_of(name) for name in node.inputs]
        parts = [None if value is None else frame.constant(value, rank) for value in known]
        if any(value is not None and part is None for value, part in zip(known, parts, strict=True)):
            return None
        inputs = [name if part is None else part for name, part in zip(node.inputs, parts, strict=True)]
    return node.op, inputs, {**node.attributes, "axis": axis}


def _slice(editor: Editor, node: Node, frame: Frame) -> Said | None:
    axes, rank = editor.constant_of(node.input(3)), len(editor.shape(node.inputs[0]))
    if axes is None or any(editor.constant_of(n) is None for n in node.inputs[1:] if n):
        return None
    inner = [frame.axis(int(a) % rank) for a in axes]
    if None in inner:
        return None
    return node.op, [*node.inputs[:3], np.array(inner, np.int64), *node.inputs[4:]], dict(node.attributes)


def _pad(editor: Editor, node: Node, frame: Frame) -> Said | None:
    pads, rank = editor.constant_of(node.inputs[1]), len(editor.shape(node.inputs[0]))
    if pads is None or node.input(3):
        return None
    both = pads.reshape(2, rank)
    wanted = frame.shape(editor.shape(node.inputs[0]))
    if wanted is None:
        return None
    inner = np.zeros((2, len(wanted)), np.int64)
    for axis in np.flatnonzero(both.any(axis=0)):
        place = frame.axis(int(axis))
        if place is None:
            return None
        inner[:, place] = both[:, axis]
    return node.op, [node.inputs[0], inner.reshape(-1), *node.inputs[2:]], dict(node.attributes)


def _norm(editor: Editor, node: Node, frame: Frame) -> Said | None:
    axes = frame.axes(node.attributes["axes"])
    operands = _operands(editor, node, frame, node.inputs[1:], len(editor.shape(node.inputs[0])))
    if axes is None or operands is None:
        return None
    return node.op, [node.inputs[0], *operands], {**node.attributes, "axes": axes}


def _matmul(editor: Editor, node: Node, frame: Frame) -> Said | None:
    """[N, H, W, C] · [C, M] is a convolution of size 1."""
    weights = editor.constant_of(node.inputs[1])
    if (
        not isinstance(frame, Permuted)
        or frame.order != _TO_CHANNELS_LAST
        or weights is None
        or weights.ndim != 2
    ):
        return None
    kernel = np.ascontiguousarray(weights.T)[:, :, None, None]
    attributes = {
        "kernel_shape": (1, 1),
        "strides": (1, 1),
        "pads": (0, 0, 0, 0),
        "dilations": (1, 1),
        "group": 1,
    }
    return "Conv", [node.inputs[0], kernel], attributes


_FORMS: Mapping[str, Callable[[Editor, Node, Frame], Said | None]] = MappingProxyType(
    {
        **dict.fromkeys(_UNARY, _same),
        **dict.fromkeys(_BROADCASTING, _broadcast),
        **dict.fromkeys(_REDUCTIONS, _reduction),
        **dict.fromkeys(_BY_AXIS, _by_axis),
        "Slice": _slice,
        "Pad": _pad,
        "MatMul": _matmul,
    }
)
