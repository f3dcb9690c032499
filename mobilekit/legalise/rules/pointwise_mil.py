"""Two 1×1 convolutions with nothing between them are one, where that is less work.

Exporters leave them where a norm without statistics (a matrix of channels) comes before a layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.turned_mil import plain_window

if TYPE_CHECKING:
    from mobilekit.tensors import Array


def _of_pointwise(node: Node, b: Builder) -> Replacement | None:
    """``W₂·(W₁·x + b₁) + b₂ = (W₂·W₁)·x + (W₂·b₁ + b₂)``, composed in double precision."""
    x = node.inputs[0]
    first = b.producer(x)
    if first is None or not b.is_used_once(x) or b.is_output(x):
        return None
    one, other = _layer(first, b), _layer(node, b)
    if one is None or other is None:
        return None
    (inner, offset), (outer, bias) = one, other
    if outer.shape[0] * inner.shape[1] > outer.size + inner.size:
        return None
    cells = b.rank(x) - 2
    kind = b.dtype(x)
    weights = (outer @ inner).astype(kind).reshape(outer.shape[0], inner.shape[1], *(1,) * cells)
    has_bias = bool(first.input(2) or node.input(2))
    total = (outer @ offset + bias).astype(kind) if has_bias else None
    return b.add("Conv", first.inputs[0], weights, total, **plain_window(cells))


def _layer(node: Node, b: Builder) -> tuple[Array, Array] | None:
    """The matrix and the bias of a 1×1 Conv by constants; None for anything else."""
    if node.op != "Conv" or node.domain or not b.type(node.name).is_float:
        return None
    weights, bias = b.constant(node.inputs[1]), b.constant(node.input(2))
    if weights is None or (node.input(2) and bias is None):
        return None
    if dict(node.attributes) != plain_window(weights.ndim - 2):
        return None
    matrix = weights.reshape(weights.shape[:2]).astype(np.float64)
    return matrix, np.zeros(len(matrix)) if bias is None else bias.astype(np.float64)


RULES = (Rule(name="pointwise-of-pointwise", ops=("Conv",), apply=_of_pointwise),)
