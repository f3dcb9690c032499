"""Grouped convolutions that LiteRT's GPU accelerator takes and mistakes: groups that are no multiple of four.

It keeps channels in fours. A group of another number of inputs or outputs reads its neighbours', in
silence (ML Drift in LiteRT 2.3.0, SwiftShader). Neighbouring groups become one here, with zeros where
they do not meet::

    4 groups of 2 → 2      2 groups of 4 → 4, weights [a 0]
                                                      [0 b]
"""

from __future__ import annotations

from math import gcd

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

_TOGETHER = 4


def _groups(node: Node, b: Builder) -> Replacement | None:
    x, weights, *rest = node.inputs
    array, groups = b.constant(weights), node["group"]
    if array is None or groups == 1 or groups == b.shape(x)[1]:
        return None
    merged = _merged(groups, array.shape[1], array.shape[0] // groups)
    if merged == 1:
        return None
    outputs, inputs = array.shape[0] // groups, array.shape[1]
    wide = np.zeros((array.shape[0], merged * inputs, *array.shape[2:]), array.dtype)
    for group in range(groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        first = group % merged * inputs
        wide[rows, first : first + inputs] = array[rows]
    return b.again(node, x, wide, *rest, group=groups // merged)


def _merged(groups: int, inputs: int, outputs: int) -> int:
    """How many neighbours make one group: the fewest that give fours on both sides, else all."""
    least = max(_TOGETHER // gcd(inputs, _TOGETHER), _TOGETHER // gcd(outputs, _TOGETHER))
    return least if groups % least == 0 else groups


RULES = (Rule(name="gpu-groups", ops=("Conv",), apply=_groups),)
"""Not depthwise convolutions: they have kernels of their own."""
