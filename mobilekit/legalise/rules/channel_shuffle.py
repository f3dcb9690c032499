"""Channel shuffles, written by exporters as Reshape, Transpose, Reshape: one Gather over channels.

ShuffleNet (Zhang et al. 2018, section 3.1): channels in ``groups`` rows are read in columns. As a
Gather it works in any layout; as exporters write it, it needs the map in ONNX order.
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _channel_shuffle(node: Node, b: Builder) -> Replacement | None:
    """::

    [N,C,…] ─ Reshape [N,g,C/g,…] ─ Transpose (0,2,1,…) ─ Reshape [N,C,…]   →   Gather(axis=1)
    """
    swap = b.producer(node.inputs[0])
    if swap is None or swap.op != "Transpose" or not b.is_used_once(node.inputs[0]):
        return None
    split = b.producer(swap.inputs[0])
    if split is None or split.op != "Reshape" or not b.is_used_once(swap.inputs[0]):
        return None
    source = split.inputs[0]
    shape, grouped = b.shape(source), b.shape(swap.inputs[0])
    expected = (0, 2, 1, *range(3, len(grouped)))
    if tuple(swap["perm"] or ()) != expected or len(shape) < 3 or len(grouped) != len(shape) + 1:
        return None
    same_map = grouped[0] == shape[0] and grouped[3:] == shape[2:] and b.shape(node.name) == shape
    if not same_map or grouped[1] * grouped[2] != shape[1]:
        return None
    order = np.arange(shape[1], dtype=np.int64).reshape(grouped[1], grouped[2]).T.reshape(-1)
    return b.add("Gather", source, order, axis=1)


RULES = (Rule(name="channel-shuffle", ops=("Reshape",), apply=_channel_shuffle),)
