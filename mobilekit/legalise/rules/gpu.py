"""Forms that LiteRT's GPU accelerator takes, where the CPU's are others and faster there.

All are exact. What each is for is in the GPU's published list (``convert/tflite/delegates/gpu.toml``).
"""

from __future__ import annotations

from math import prod

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _prelu(node: Node, b: Builder) -> Replacement | None:
    """Slopes that are not one per channel: max(x, 0) + slope·min(x, 0)."""
    x, slope = node.inputs
    array = b.constant(slope)
    if array is not None and array.size in (1, array.shape[1] if array.ndim > 1 else array.size):
        return None
    zero = np.zeros((), b.dtype(x))
    return b.add("Add", b.add("Max", x, zero), b.add("Mul", slope, b.add("Min", x, zero)))


def _constant_first(node: Node, b: Builder) -> Replacement | None:
    """A·X with a constant A is (Xᵀ·Aᵀ)ᵀ: the constant factor comes second."""
    a, x = node.inputs
    if not b.is_constant(a) or b.is_constant(x) or min(b.rank(a), b.rank(x)) < 2:
        return None
    product = b.add("MatMul", _swapped(x, b), _swapped(a, b))
    return _swapped(product, b)


def _swapped(value: str, b: Builder) -> str:
    rank = b.rank(value)
    return b.transpose(value, (*range(rank - 2), rank - 1, rank - 2))


def _where(node: Node, b: Builder) -> Replacement | None:
    """Alternatives as large as the result; single constants stay as they are."""
    shape = b.shape(node.name)
    condition, *choices = node.inputs
    whole = [_spread(choice, shape, b) for choice in choices]
    return None if whole == choices else b.add("Where", condition, *whole)


def _spread(value: str, shape: tuple[int, ...], b: Builder) -> str:
    array = b.constant(value)
    if b.shape(value) == shape or (array is not None and array.size == 1):
        return value
    if array is not None:
        return b.workspace.intern(np.ascontiguousarray(np.broadcast_to(array, shape)), f"{value}/whole")
    lifted = b.reshape(value, (1,) * (len(shape) - b.rank(value)) + b.shape(value))
    return b.add("Expand", lifted, list(shape))


def _arg_min(node: Node, b: Builder) -> Replacement | None:
    """The least of x is the greatest of −x; the first of equal ones stays the first."""
    x = node.inputs[0]
    if not b.type(x).is_float:
        return None
    return b.add("ArgMax", b.add("Neg", x), **node.attributes)


def _gather(node: Node, b: Builder) -> Replacement | None:
    """Indices in one row, the result folded to its shape."""
    x, indices = node.inputs
    if b.rank(indices) == 1:
        return None
    flat = b.reshape(indices, (prod(b.shape(indices)),))
    return b.reshape(b.add("Gather", x, flat, axis=node["axis"]), b.shape(node.name))


RULES = (
    Rule(name="gpu-prelu", ops=("PRelu",), apply=_prelu),
    Rule(name="gpu-constant-first", ops=("MatMul",), apply=_constant_first),
    Rule(name="gpu-where", ops=("Where",), apply=_where),
    Rule(name="gpu-arg-min", ops=("ArgMin",), apply=_arg_min),
    Rule(name="gpu-gather", ops=("Gather",), apply=_gather),
)
