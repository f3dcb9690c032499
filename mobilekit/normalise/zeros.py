"""Branches that can only be zero are left out of the sums that they go into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_KEEP_ZERO = (
    "Reshape", "Transpose", "Relu", "LeakyRelu", "Gelu", "Tanh", "Abs", "Neg", "Slice", "Identity", "MaxPool",
    "AveragePool", "GlobalAveragePool", "ReduceMean", "ReduceSum",
)  # fmt: skip
_LAYERS = ("Conv", "ConvTranspose", "MatMul", "Gemm")
# Of finite numbers these make infinite ones, and zero times those is no number.
_MAY_DIVERGE = ("Acosh", "Atanh", "Div", "Exp", "Log", "Pow", "Reciprocal", "ReduceLogSum", "ReduceLogSumExp",
                "Sqrt", "Tan")  # fmt: skip
_FARTHEST = 64


def remove_zero_branches(editor: Editor) -> list[Recognition]:
    """::

        Add(x, f(y) · 0)   →   x

    Training with weight decay leaves whole branches whose last factor or weights are zero (or so small
    that float32 cannot tell). Requires: types, no denormals. Ensures: no Add has an operand that is zero
    because of its constants, for finite inputs; what divides, takes logarithms or has infinite constants
    since the last layer stays.
    """
    zero: set[str] = set()
    found = []
    for node in editor.nodes:
        if _is_zero(editor, node, zero):
            zero.update(node.outputs)
        elif node.is_op("Add"):
            for index in (0, 1):
                other = node.inputs[1 - index]
                if node.inputs[index] in zero and editor.types[other] == editor.types[node.outputs[0]]:
                    found.append(
                        Recognition(kind="a branch that is zero", node=node.inputs[index], detail="left out")
                    )
                    editor.replace(node.outputs[0], other)
                    break
    editor.remove_unused()
    return found


def _is_zero(editor: Editor, node: Node, zero: set[str]) -> bool:
    """Whether the first output is zero whatever the graph is fed."""

    def nothing(name: str) -> bool:
        value = editor.constant_of(name)
        return name in zero or (value is not None and value.dtype.kind == "f" and not value.any())

    if node.domain or not node.inputs:
        return False
    if node.op == "Mul":
        return any(nothing(n) for n in node.inputs) and _is_finite(editor, node)
    if node.op in ("Add", "Sub"):
        return all(nothing(n) for n in node.inputs)
    if node.op in _LAYERS:
        return any(nothing(n) for n in node.inputs[:2]) and (
            (not node.input(2) or nothing(node.inputs[2])) and _is_finite(editor, node)
        )
    return node.op in _KEEP_ZERO and nothing(node.inputs[0])


def _is_finite(editor: Editor, node: Node) -> bool:
    """Whether nothing that a node reads can be infinite while the layers before it are finite."""
    pending, seen = list(node.inputs), set(node.inputs)
    while pending and len(seen) <= _FARTHEST:
        name = pending.pop()
        value, producer = editor.constant_of(name) if name else None, editor.producer(name)
        if value is not None and value.dtype.kind == "f" and not np.isfinite(value).all():
            return False
        if producer is None or producer.is_op(*_LAYERS) or producer.domain:
            continue
        if producer.is_op(*_MAY_DIVERGE) and not _divides_by_numbers(editor, producer):
            return False
        new = [n for n in producer.inputs if n not in seen]
        seen.update(new)
        pending += new
    return len(seen) <= _FARTHEST


def _divides_by_numbers(editor: Editor, node: Node) -> bool:
    divisor = editor.constant_of(node.inputs[1]) if node.op == "Div" else None
    return divisor is not None and bool((divisor != 0).all())
