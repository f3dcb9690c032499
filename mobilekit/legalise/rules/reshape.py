"""Everything that only says a shape anew: one Reshape with a constant, complete shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule


def _reshape(node: Node, b: Builder) -> Replacement | None:
    x, shape = node.inputs[0], b.shape(node.name)
    written: dict[str, Any] = {"allowzero": 1} if 0 in shape else {}
    is_said = node.op == "Reshape" and b.ints(node.inputs[1]) == shape
    is_legal = is_said and (node.attributes == written or shape == b.shape(x))
    if shape == b.shape(x) and not (is_legal and b.is_output(node.name)):
        return x
    return None if is_legal else b.add("Reshape", x, list(shape), **written)


def _dropout(node: Node, b: Builder) -> Replacement | Refusal | None:
    """Dropout in evaluation: the input, and a mask of ones."""
    x, training = node.inputs[0], node.input(2)
    if training and b.scalar(training) != 0:
        return Refusal(got="training_mode", hint="export the model in evaluation mode")
    if len(node.outputs) < 2:
        return x
    return x, b.add("Expand", np.ones((), bool), list(b.shape(x)))


def _nothing(node: Node, b: Builder) -> Replacement | None:
    """Identity, and a Transpose or Expand that changes nothing."""
    x = node.inputs[0]
    if node.op == "Transpose":
        perm = node["perm"] or tuple(reversed(range(b.rank(x))))
        if perm == tuple(range(b.rank(x))):
            return x
        return None if node.attributes else b.add("Transpose", x, perm=perm)
    return x if b.shape(x) == b.shape(node.name) and b.dtype(x) == b.dtype(node.name) else None


def _sizes(node: Node, b: Builder) -> Replacement | None:
    """Expand by the output's own shape; Tile by constants only (its repeats are told by the shapes)."""
    x, shape = node.inputs[0], b.shape(node.name)
    wanted = shape
    if node.op == "Tile":
        wanted = tuple(o // i for o, i in zip(shape, b.shape(x), strict=True))
    if b.ints(node.inputs[1]) == wanted and b.rank(x) == len(shape):
        return None
    lifted = b.reshape(x, (1,) * (len(shape) - b.rank(x)) + b.shape(x))
    if b.shape(lifted) == shape:
        return lifted
    return b.add(node.op, lifted, list(wanted))


RULES = (
    Rule(name="reshape", ops=("Reshape", "Squeeze", "Unsqueeze", "Flatten"), apply=_reshape),
    Rule(name="dropout", ops=("Dropout",), apply=_dropout),
    Rule(name="no-op", ops=("Identity", "Transpose", "Expand", "Tile", "Cast"), apply=_nothing),
    Rule(name="expand", ops=("Expand", "Tile"), apply=_sizes),
)
