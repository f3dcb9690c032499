"""A product and a sum per channel for Core ML: part of the convolutions before, or one ``batch_norm``.

A join of channels, and a resampling whose weights add up to one, let both through to what comes before::

    Conv ─ Resize ─┐                                Conv' ─ Resize ─┐
    Conv ──────────┴─ Concat ─ Mul ─ Add     →      Conv' ──────────┴─ Concat
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_IMAGE_RANK = 4


def _affine(node: Node, b: Builder) -> Replacement | None:
    """``x·scale + offset`` of an image, both constant per channel; (x·s) is read here alone."""
    for product, offset in (node.inputs, node.inputs[::-1]):
        found = b.producer(product)
        if found is None or found.op != "Mul" or found.domain or not b.is_used_once(product):
            continue
        for x, scale in (found.inputs, found.inputs[::-1]):
            shape = b.shape(x)
            gamma, beta = (per_channel(v, shape, b) for v in (scale, offset))
            varies = any(b.type(v).size > 1 for v in (scale, offset))
            is_image = shape == b.shape(node.name) and b.type(x).is_float
            if gamma is None or beta is None or not varies or not is_image:
                continue
            inside = _inside(x, gamma, beta, b)
            if inside is not None:
                return inside
            mean, variance = np.zeros_like(gamma), np.ones_like(gamma)
            return b.add("BatchNormalization", x, gamma, beta, mean, variance, epsilon=0.0)
    return None


def _inside(value: str, gamma: Array, beta: Array, b: Builder) -> str | None:
    """``value·gamma + beta`` by other weights of the convolutions before it; None unless all have some."""
    before = len(b.nodes)
    result = _scaled(value, gamma, beta, b)
    if result is None:
        del b.nodes[before:]
    return result


def _scaled(value: str, gamma: Array, beta: Array, b: Builder) -> str | None:
    node = b.producer(value)
    if node is None or node.domain or not b.is_used_once(value) or b.is_output(value):
        return None
    if node.op == "Conv":
        return _convolved(node, gamma, beta, b)
    if node.op == "Concat" and node["axis"] == 1:
        sizes = [b.shape(part)[1] for part in node.inputs]
        cuts = np.cumsum(sizes)[:-1]
        pieces = zip(node.inputs, np.split(gamma, cuts), np.split(beta, cuts), strict=True)
        parts = [_scaled(part, g, o, b) for part, g, o in pieces]
        return None if None in parts else b.again(node, *parts)
    if node.op == "Resize" and b.shape(node.inputs[0])[:2] == b.shape(value)[:2]:
        source = _scaled(node.inputs[0], gamma, beta, b)
        return None if source is None else b.again(node, source, *node.inputs[1:])
    return None


def _convolved(node: Node, gamma: Array, beta: Array, b: Builder) -> str | None:
    weights, bias = b.constant(node.inputs[1]), b.constant(node.input(2))
    if weights is None or (node.input(2) and bias is None):
        return None
    factors = gamma.astype(np.float64)
    scaled = weights * factors.reshape(-1, *(1,) * (weights.ndim - 1))
    offset = beta if bias is None else bias * factors + beta
    return b.again(node, node.inputs[0], scaled.astype(weights.dtype), offset.astype(weights.dtype))


def per_channel(value: str, shape: tuple[int, ...], b: Builder) -> Array | None:
    """A constant that varies along the channels of an image at most, as a vector of them."""
    array = b.constant(value)
    if array is None or len(shape) != _IMAGE_RANK or array.ndim > _IMAGE_RANK:
        return None
    lifted = array.reshape((1,) * (_IMAGE_RANK - array.ndim) + array.shape)
    if lifted.shape not in ((1, shape[1], 1, 1), (1, 1, 1, 1)):
        return None
    return np.ascontiguousarray(np.broadcast_to(lifted.reshape(-1), (shape[1],)))


RULES = (Rule(name="affine-of-channels", ops=("Add",), apply=_affine),)
