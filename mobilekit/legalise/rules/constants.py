"""EyeLike, ConstantOfShape and Range: known as soon as shapes are, and only stored where they must be."""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

_HINT = "export the model with fixed shapes"


def _eye_like(node: Node, b: Builder) -> Replacement:
    """Ones on a diagonal of a constant."""
    rows, columns = b.shape(node.name)
    ones = np.eye(rows, columns, k=node["k"], dtype=b.dtype(node.name))
    return b.workspace.intern(ones, f"{node.name}/eye")


def _constant_of_shape(node: Node, b: Builder) -> Replacement | Refusal:
    """One number, repeated when the file is run."""
    import onnx

    shape = b.ints(node.inputs[0])
    if shape is None:
        return Refusal(got="a shape computed at run time", hint=_HINT)
    given = node["value"]
    value = np.zeros(1, np.float32) if given is None else onnx.numpy_helper.to_array(given)
    number = b.workspace.intern(value.reshape((1,) * len(shape)), f"{node.name}/value")
    return b.add("Expand", number, list(shape)) if value.reshape(1).shape != shape else number


def _range(node: Node, b: Builder) -> Replacement | Refusal:
    """A constant."""
    start, limit, delta = (b.constant(v) for v in node.inputs)
    if start is None or limit is None or delta is None:
        return Refusal(got="its bounds are computed at run time", hint=_HINT)
    (count,) = b.shape(node.name)
    steps = start.reshape(()) + np.arange(count).astype(start.dtype) * delta.reshape(())
    return b.workspace.intern(np.asarray(steps, start.dtype), f"{node.name}/range")


RULES = (
    Rule(name="eye-like", ops=("EyeLike",), apply=_eye_like),
    Rule(name="constant-of-shape", ops=("ConstantOfShape",), apply=_constant_of_shape),
    Rule(name="range", ops=("Range",), apply=_range),
)
