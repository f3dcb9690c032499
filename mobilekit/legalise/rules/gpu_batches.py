"""Operands with a batch of their own, which LiteRT's GPU accelerator takes and mistakes.

The GPU sees every tensor as batch, height, width, channels. Where it drops a batch nobody is told, and
the result is wrong: constants of rank 1 to 3 keep their first slice only, products do not spread a
batch, running sums along the batch start anew. All forms here are exact; each was wrong on ML Drift in
LiteRT 2.3.0 (SwiftShader) as the CPU's profile writes it, and is right as written here.
"""

from __future__ import annotations

from math import prod

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.broadcast import BROADCASTING

_HIGHEST_RANK = 3  # four axes have a batch of their own
_NORMS = ("Normalize", "RmsNormalize")


def drops_batch(value: str, rank: int, b: Builder) -> bool:
    """Whether the GPU would read only the first slice of this constant beside values of ``rank``."""
    array = b.constant(value)
    return array is not None and array.ndim == rank <= _HIGHEST_RANK and array.ndim > 0 and array.shape[0] > 1


def _constants(node: Node, b: Builder) -> Replacement | None:
    """Both operands below a batch of one: x[a, b] ∘ c[a, b] as [1, a, b]."""
    rank = b.rank(node.name)
    if not any(drops_batch(value, rank, b) for value in node.inputs):
        return None
    shapes = [(1,) * (1 + rank - b.rank(value)) + b.shape(value) for value in node.inputs]
    lifted = [b.reshape(value, shape) for value, shape in zip(node.inputs, shapes, strict=True)]
    return b.reshape(b.again(node, *lifted), b.shape(node.name))


def _norms(node: Node, b: Builder) -> Replacement | None:
    """The same for the scale and bias of a normalisation, whose axes move along."""
    x = node.inputs[0]
    if not any(drops_batch(value, b.rank(x), b) for value in node.inputs[1:]):
        return None
    lifted = [b.reshape(value, (1, *b.shape(value))) for value in node.inputs if value]
    axes = tuple(axis + 1 for axis in node["axes"])
    return b.reshape(b.again(node, *lifted, axes=axes), b.shape(x))


def _cumulative(node: Node, b: Builder) -> Replacement | None:
    """Along the first axis of rank 1 to 3: below a batch of one."""
    x, axis = node.inputs
    shape, (along,) = b.shape(x), b.ints(axis) or (None,)
    if along is None or along % len(shape) or len(shape) > _HIGHEST_RANK or shape[0] == 1:
        return None
    total = b.again(node, b.reshape(x, (1, *shape)), np.asarray(1, b.dtype(axis)))
    return b.reshape(total, shape)


def _product(node: Node, b: Builder) -> Replacement | None:
    """Equal batches on both sides; where only the left has one, its matrices below each other."""
    left, right = node.inputs
    one, other = b.shape(left), b.shape(right)
    if min(len(one), len(other)) < 2:
        return None
    if one[:-2] == other[:-2]:
        return _flattened(node, b) if len(one) > 1 + _HIGHEST_RANK else None
    if all(size == 1 for size in other[:-2]):
        if b.is_constant(right) and len(other) == 2:
            return None  # a fully connected layer
        rows = b.reshape(left, (prod(one[:-1]), one[-1]))
        return b.reshape(b.add("MatMul", rows, b.reshape(right, other[-2:])), b.shape(node.name))
    batch = np.broadcast_shapes(one[:-2], other[:-2])
    whole = [_spread(v, (*batch, *b.shape(v)[-2:]), b) for v in (left, right)]
    return b.add("MatMul", *whole)


def _flattened(node: Node, b: Builder) -> Replacement:
    """All axes of the batch as one, where they are more than four."""
    batch = prod(b.shape(node.name)[:-2])
    flat = [b.reshape(v, (batch, *b.shape(v)[-2:])) for v in node.inputs]
    return b.reshape(b.add("MatMul", *flat), b.shape(node.name))


def _spread(value: str, shape: tuple[int, ...], b: Builder) -> str:
    array = b.constant(value)
    if array is not None:
        whole = np.ascontiguousarray(np.broadcast_to(array, shape))
        return value if array.shape == shape else b.workspace.intern(whole, f"{value}/whole")
    lifted = b.reshape(value, (1,) * (len(shape) - b.rank(value)) + b.shape(value))
    return lifted if b.shape(lifted) == shape else b.add("Expand", lifted, list(shape))


def _blocks(node: Node, b: Builder) -> Replacement | None:
    """Blocks to channels and back for each picture of a batch."""
    x = node.inputs[0]
    batch = b.shape(x)[0]
    if batch == 1:
        return None
    return b.concat([b.again(node, b.slice(x, 0, i, i + 1)) for i in range(batch)], 0)


_ELEMENTWISE = tuple(op for op in BROADCASTING if op not in ("Where", "PRelu"))

RULES = (
    Rule(name="gpu-constant-batch", ops=_ELEMENTWISE, apply=_constants),
    Rule(name="gpu-norm-batch", ops=_NORMS, apply=_norms, domain="mobilekit"),
    Rule(name="gpu-cumulative-batch", ops=("CumSum",), apply=_cumulative),
    Rule(name="gpu-product-batch", ops=("MatMul",), apply=_product),
    Rule(name="gpu-blocks-batch", ops=("DepthToSpace", "SpaceToDepth"), apply=_blocks),
)
