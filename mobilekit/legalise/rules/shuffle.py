"""DepthToSpace in DCR order; CRD (PixelShuffle) by permuting channels, in the Conv before it if it can."""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _depth_to_space(node: Node, b: Builder) -> Replacement | None:
    """::

    channel order   CRD: c·block² + position   →   DCR: position·C + c
    """
    if node["mode"] == "DCR":
        return None
    x, block = node.inputs[0], node["blocksize"]
    channels = b.shape(x)[1]
    order = np.arange(channels).reshape(channels // block**2, block**2).T.reshape(-1)
    permuted = _permuted_conv(x, order.tolist(), b) or b.add("Gather", x, order.astype(np.int64), axis=1)
    return b.add("DepthToSpace", permuted, blocksize=block, mode="DCR")


def _permuted_conv(x: str, order: list[int], b: Builder) -> str | None:
    """The Conv that computes ``x`` with its output channels in another order; None if that cannot be."""
    conv = b.producer(x)
    if conv is None or conv.op != "Conv" or conv["group"] != 1 or not b.is_used_once(x):
        return None
    weights, bias = b.constant(conv.inputs[1]), b.constant(conv.input(2))
    if weights is None or (conv.input(2) and bias is None):
        return None
    return b.again(conv, conv.inputs[0], weights[order], None if bias is None else bias[order])


RULES = (Rule(name="pixel-shuffle", ops=("DepthToSpace",), apply=_depth_to_space),)
