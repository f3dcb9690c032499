"""Products in a row, for Core ML: constants are one; a number multiplies the cell, not the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_SMALLER = 4
"""The cell has at most this fraction of the map's elements."""


def _factor(node: Node, b: Builder) -> Replacement | None:
    """``(u·s)·c = u·(s·c)`` with s much smaller than u, both computed, and c one number."""
    for product, number in (node.inputs, node.inputs[::-1]):
        inner = b.producer(product)
        if b.scalar(number) is None or inner is None or inner.op != "Mul" or inner.domain:
            continue
        if not b.type(product).is_float or not b.is_used_once(product) or b.is_output(product):
            continue
        for u, s in (inner.inputs, inner.inputs[::-1]):
            is_cell = b.type(s).size * _SMALLER <= b.type(u).size and b.rank(number) <= b.rank(s)
            if is_cell and b.shape(u) == b.shape(node.name) and not (b.is_constant(u) or b.is_constant(s)):
                return b.add("Mul", u, b.add("Mul", s, number))
    return None


def _constants(node: Node, b: Builder) -> Replacement | None:
    """``x·a·b``, ``x·a/b`` and so on with constants as one product by a factor no larger than they are."""
    product, outer = _by_constant(node, b)
    before = b.producer(product)
    if outer is None or before is None or not b.is_used_once(product) or b.is_output(product):
        return None
    x, inner = _by_constant(before, b)
    if inner is None or not b.type(node.name).is_float:
        return None
    with np.errstate(over="ignore", under="ignore"):
        factor = (inner * outer).astype(b.dtype(x))
    if factor.size > max(inner.size, outer.size) or not np.all(np.isfinite(factor) & (factor != 0)):
        return None
    return b.add("Mul", x, factor)


def _by_constant(node: Node, b: Builder) -> tuple[str, Array | None]:
    """What is multiplied or divided, and by which factor, in double precision; None if by none."""
    if node.op not in ("Mul", "Div") or node.domain:
        return "", None
    left, right = node.inputs
    if node.op == "Mul" and b.is_constant(left):
        left, right = right, left
    constant = b.constant(right)
    if constant is None or b.is_constant(left):
        return left, None
    values = constant.astype(np.float64)
    with np.errstate(divide="ignore"):
        return left, values if node.op == "Mul" else 1 / values


RULES = (
    Rule(name="factors", ops=("Mul", "Div"), apply=_constants),
    Rule(name="factor-of-a-cell", ops=("Mul",), apply=_factor),
)
