"""Activations: ``activation.py`` of iOS15, and of iOS17, where constants may be of another float type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_SQRT_HALF = np.float32(np.sqrt(0.5))
_SQRT_2_OVER_PI = np.float32(np.sqrt(2 / np.pi))


def logistic(x: Array) -> Array:
    """1 / (1 + e^-x), whatever the magnitude of x."""
    y = np.negative(x)
    np.exp(y, out=y)
    y += 1
    return np.reciprocal(y, out=y)


def softplus_of(x: Array) -> Array:
    """log(1 + e^x) without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@implements("relu", exact=True)
def relu(call: Call) -> Array:
    """max(x, 0)."""
    return np.maximum(call["x"], np.float32(0))


@implements("relu6")
def relu6(call: Call) -> Array:
    """min(max(x, 0), 6)."""
    return np.clip(call["x"], np.float32(0), np.float32(6))


@implements("clamped_relu")
def clamped_relu(call: Call) -> Array:
    """min(beta, x) where x ≥ 0, min(beta, alpha · x) elsewhere."""
    x, alpha, beta = call["x"], call["alpha"], call["beta"]
    return np.minimum(np.where(x >= 0, x, alpha * x), beta)


@implements("leaky_relu")
def leaky_relu(call: Call) -> Array:
    """``x`` where x ≥ 0, alpha · x elsewhere."""
    x, alpha = call["x"], call.number("alpha")
    scaled = x * np.float32(alpha)
    # Between 0 and 1 the larger of the two is the one meant, in a single pass.
    return np.maximum(x, scaled, out=scaled) if 0 <= alpha <= 1 else np.where(x >= 0, x, scaled)


@implements("prelu")
def prelu(call: Call) -> Array:
    """``x`` where x > 0, alpha of its channel (axis 1) · x elsewhere."""
    x = call["x"]
    return np.where(x > 0, x, _per_channel(call["alpha"], x) * x)


@implements("elu")
def elu(call: Call) -> Array:
    """``x`` where x > 0, alpha · (e^x − 1) elsewhere."""
    x = call["x"]
    return np.where(x > 0, x, call["alpha"] * np.expm1(np.minimum(x, 0)))


@implements("gelu")
def gelu(call: Call) -> Array:
    """``x`` · Φ(x), by ``mode`` exactly or by one of two approximations."""
    x, mode = call["x"], call.text("mode", "EXACT")
    if mode == "EXACT":
        from scipy.special import erf

        return np.float32(0.5) * x * (1 + erf(x * _SQRT_HALF))
    if mode == "TANH_APPROXIMATION":
        return np.float32(0.5) * x * (1 + np.tanh(_SQRT_2_OVER_PI * (x + np.float32(0.044715) * x * x * x)))
    if mode != "SIGMOID_APPROXIMATION":
        call.refuse(f"mode {mode!r}")
    return x * logistic(np.float32(1.702) * x)


@implements("linear_activation")
def linear_activation(call: Call) -> Array:
    """``alpha`` · x + beta."""
    return call["x"] * call["alpha"] + call["beta"]


@implements("scaled_tanh")
def scaled_tanh(call: Call) -> Array:
    """``alpha`` · tanh(beta · x)."""
    return call["alpha"] * np.tanh(call["beta"] * call["x"])


@implements("sigmoid")
def sigmoid(call: Call) -> Array:
    """1 / (1 + e^-x)."""
    return logistic(call["x"])


@implements("sigmoid_hard")
def sigmoid_hard(call: Call) -> Array:
    """min(max(alpha · x + beta, 0), 1)."""
    return np.clip(call["alpha"] * call["x"] + call["beta"], np.float32(0), np.float32(1))


@implements("silu")
def silu(call: Call) -> Array:
    """``x`` · sigmoid(x)."""
    x = call["x"]
    return x * logistic(x)


@implements("softplus")
def softplus(call: Call) -> Array:
    """log(1 + e^x)."""
    return softplus_of(call["x"])


@implements("softplus_parametric")
def softplus_parametric(call: Call) -> Array:
    """``alpha`` · log(1 + e^(beta · x)), alpha and beta per channel (axis 1)."""
    x = call["x"]
    return _per_channel(call["alpha"], x) * softplus_of(_per_channel(call["beta"], x) * x)


@implements("softmax")
def softmax(call: Call) -> Array:
    """e^x over its sum along ``axis``, after subtracting the largest."""
    x, axis = call["x"], call.integer("axis", -1)
    y = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.divide(y, y.sum(axis=axis, keepdims=True), out=y)


@implements("softsign")
def softsign(call: Call) -> Array:
    """``x`` / (1 + |x|)."""
    x = call["x"]
    return x / (1 + np.abs(x))


@implements("thresholded_relu", exact=True)
def thresholded_relu(call: Call) -> Array:
    """``x`` where x ≥ alpha, 0 elsewhere."""
    x = call["x"]
    return np.where(x >= call["alpha"], x, np.float32(0))


def _per_channel(vector: Array, x: Array) -> Array:
    return np.asarray(vector).reshape(-1, *[1] * (x.ndim - 2))
