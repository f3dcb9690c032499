"""A product and a sum per channel for Core ML: ``batch_norm`` of mean 0 and variance 1 is both."""

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
            gamma, beta = (_per_channel(v, shape, b) for v in (scale, offset))
            varies = any(b.type(v).size > 1 for v in (scale, offset))
            is_image = shape == b.shape(node.name) and b.type(x).is_float
            if gamma is None or beta is None or not varies or not is_image:
                continue
            mean, variance = np.zeros_like(gamma), np.ones_like(gamma)
            return b.add("BatchNormalization", x, gamma, beta, mean, variance, epsilon=0.0)
    return None


def _per_channel(value: str, shape: tuple[int, ...], b: Builder) -> Array | None:
    """A constant that varies along the channels of an image at most, as a vector of them."""
    array = b.constant(value)
    if array is None or len(shape) != _IMAGE_RANK or array.ndim > _IMAGE_RANK:
        return None
    lifted = array.reshape((1,) * (_IMAGE_RANK - array.ndim) + array.shape)
    if lifted.shape not in ((1, shape[1], 1, 1), (1, 1, 1, 1)):
        return None
    return np.ascontiguousarray(np.broadcast_to(lifted.reshape(-1), (shape[1],)))


RULES = (Rule(name="affine-of-channels", ops=("Add",), apply=_affine),)
