"""batch_norm, instance_norm, layer_norm, l2_norm, local_response_norm.

Sources: iOS15 ``normalization`` of the MIL operations' documentation (iOS17 only widens the types of
parameters).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.windows import integers

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("batch_norm")
def batch_norm(call: Call) -> Array:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta per channel of ``x`` [n, c, *spatial]."""
    x = call["x"]
    mean, variance = _channels(call["mean"], x), _channels(call["variance"], x)
    scaled = (x - mean) / np.sqrt(variance + _epsilon(call, 1e-5))
    return _scaled(scaled, call, [1 if i != 1 else x.shape[1] for i in range(x.ndim)])


@implements("instance_norm")
def instance_norm(call: Call) -> Array:
    """Each channel of each image less its mean, over its standard deviation, times gamma, plus beta [c]."""
    x = call["x"]
    normal = _standardised(x, tuple(range(2, x.ndim)), _epsilon(call, 1e-5))
    return _scaled(normal, call, [1 if i != 1 else x.shape[1] for i in range(x.ndim)])


@implements("layer_norm")
def layer_norm(call: Call) -> Array:
    """As :func:`instance_norm` over ``axes`` (all where there are none); gamma and beta have those axes'
    shape.
    """
    x = call["x"]
    axes = {axis % x.ndim for axis in integers(call["axes"], range(x.ndim))}
    normal = _standardised(x, tuple(sorted(axes)), _epsilon(call, 1e-5))
    return _scaled(normal, call, [x.shape[i] if i in axes else 1 for i in range(x.ndim)])


@implements("l2_norm")
def l2_norm(call: Call) -> Array:
    """``x`` over the root of (sum of squares of its last three axes + epsilon)."""
    x = call["x"]
    squares = np.sum(np.square(x), axis=(-3, -2, -1), keepdims=True)
    return x / np.sqrt(squares + _epsilon(call, 1e-6))


@implements("local_response_norm")
def local_response_norm(call: Call) -> Array:
    """``x`` [n, c, *spatial] over (k + alpha / size * sum of squares of neighbouring channels) ** beta.

    The neighbours are ``size`` channels, ``size // 2`` of them before: the window of PyTorch, which the
    documentation, silent about even sizes, is tested against.
    """
    x, size = call["x"], call.integer("size")
    alpha, beta, k = (
        float(call.get(name, default)) for name, default in (("alpha", 1e-4), ("beta", 0.75), ("k", 1))
    )
    around = [(size // 2, (size - 1) // 2) if i == 1 else (0, 0) for i in range(x.ndim)]
    squares = np.pad(np.square(x), around)
    total = sum((squares[:, first : first + x.shape[1]] for first in range(size)), np.zeros_like(x))
    return x / np.power(k + np.float32(alpha / size) * total, np.float32(beta))


def _standardised(x: Array, axes: tuple[int, ...], epsilon: np.float32) -> Array:
    centred = x - np.mean(x, axis=axes, keepdims=True)
    variance = np.mean(np.square(centred), axis=axes, keepdims=True)
    return centred / np.sqrt(variance + epsilon)


def _scaled(value: Array, call: Call, shape: list[int]) -> Array:
    gamma, beta = call["gamma"], call["beta"]
    if gamma is not None:
        value = value * gamma.reshape(shape)
    return value if beta is None else value + beta.reshape(shape)


def _channels(parameter: Array, x: Array) -> Array:
    return parameter.reshape((1, -1) + (1,) * (x.ndim - 2))


def _epsilon(call: Call, default: float) -> np.float32:
    return np.float32(call.number("epsilon", default))
