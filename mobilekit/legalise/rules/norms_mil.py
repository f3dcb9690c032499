"""A norm's scale and offset computed at run time, as in AdaIN, for Core ML: a product and a sum after it.

They are operators of the package either way. As nodes of their own they stay in float16 where the norm
is a float32 island: their operands and what is between them need no casts.
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _written_out(node: Node, b: Builder) -> Replacement | None:
    x, scale, bias = node.inputs[:3]
    if b.is_constant(scale) and b.is_constant(bias):
        return None
    neutral = (1,) * b.rank(x)
    zero = np.zeros(neutral, b.dtype(x))
    inside = scale if b.is_constant(scale) else np.ones(neutral, b.dtype(x))
    result = b.again(node, x, inside, zero, *node.inputs[3:])
    if not b.is_constant(scale):
        result = b.add("Mul", result, scale)
    offset = b.constant(bias)
    return b.add("Add", result, bias) if offset is None or offset.any() else result


RULES = (Rule(name="norm-affine", ops=("Normalize",), apply=_written_out, domain="mobilekit"),)
