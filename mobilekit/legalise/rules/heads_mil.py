"""Heads of detectors for Core ML: channels of a small map as rows, by a product with ``transpose_x``.

::

    Conv 1×1 ─ Transpose(0,2,3,1)     →     (x as [N, C, cells])ᵀ · W + bias, as [N, H, W, D]
    Conv 3×3 ─ Transpose(0,2,3,1)     →     (Conv as [N, D, cells])ᵀ · I

The first is the head's own product with its operands in another order. The second is one with the
identity: exact for finite numbers, and taken only where it is a fraction of the work of the Conv.
"""

from __future__ import annotations

from math import prod

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.turned_mil import plain_window, swap_of

_CHANNELS_LAST = (0, 2, 3, 1)
_MOST_CELLS = 16384
"""An axis of the Neural Engine is no longer (see the sources of the lints)."""
_SHARE = 16
"""A product with the identity is at most this fraction of the Conv before it."""


def _head(node: Node, b: Builder) -> Replacement | None:
    x = node.inputs[0]
    conv = b.producer(x)
    if tuple(node["perm"]) != _CHANNELS_LAST or conv is None or conv.op != "Conv" or conv.domain:
        return None
    cells = prod(b.shape(x)[2:])
    is_plain = b.is_constant(conv.inputs[1]) and b.type(x).is_float and not b.is_output(node.name)
    if not is_plain or not b.is_used_once(x) or not 1 < cells <= _MOST_CELLS:
        return None
    if dict(conv.attributes) == plain_window(2):
        rows = _rows(conv.inputs[0], b)
        matrix = np.ascontiguousarray(_weights(conv, b).reshape(_weights(conv, b).shape[:2]).T)
        result = b.add("MatMul", rows, matrix)
        if conv.input(2):
            result = b.add("Add", result, conv.inputs[2])
    elif b.shape(x)[1] * _SHARE <= _weights(conv, b)[0].size:
        result = b.add("MatMul", _rows(x, b), np.eye(b.shape(x)[1], dtype=b.dtype(x)))
    else:
        return None
    return b.reshape(result, b.shape(node.name))


def _weights(conv: Node, b: Builder) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    return b.workspace.constants[conv.inputs[1]]


def _rows(x: str, b: Builder) -> str:
    """Channels ``[N, C, H, W]`` as rows ``[N, cells, C]``: a Transpose that a product takes in."""
    batch, channels, *sizes = b.shape(x)
    return b.add("Transpose", b.reshape(x, (batch, channels, prod(sizes))), perm=swap_of(3))


RULES = (Rule(name="head-mil", ops=("Transpose",), apply=_head),)
