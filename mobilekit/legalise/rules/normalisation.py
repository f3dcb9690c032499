"""LRN, LpNormalization, and what is left of BatchNormalization, as arithmetic."""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.pool import lp_norm


def _lrn(node: Node, b: Builder) -> Replacement:
    """X / (bias + alpha/size · Σ x²)^beta; the sum over neighbouring channels is a banded 1×1 Conv."""
    x, size = node.inputs[0], node["size"]
    n, channels, *space = b.shape(x)
    index = np.arange(channels)
    distance = index[None, :] - index[:, None]
    band = (distance >= -((size - 1) // 2)) & (distance <= size // 2)
    weights = (band * (node["alpha"] / size)).astype(b.dtype(x))[:, :, None, None]
    square = b.reshape(b.add("Mul", x, x), (n, channels, 1, int(np.prod(space))))
    bias = np.full(channels, node["bias"], b.dtype(x))
    total = b.reshape(b.add("Conv", square, weights, bias), b.shape(x))
    power = b.add("Sqrt", total) if node["beta"] == 0.5 else b.add("Pow", total, node["beta"])
    return b.add("Div", x, power)


def _lp_normalization(node: Node, b: Builder) -> Replacement:
    """X / (Σ |x|^p)^(1/p) along an axis; zero where the norm is zero, as ONNX Runtime has it."""
    x, p = node.inputs[0], node["p"]
    norm = lp_norm(x, [node["axis"] % b.rank(x)], p, b)
    safe = b.add("Where", b.add("Equal", norm, 0.0), np.ones((), b.dtype(x)), norm)
    return b.add("Div", x, safe)


def _batch_normalization(node: Node, b: Builder) -> Replacement | Refusal:
    """(x − mean)·scale/√(var + ε) + bias, its constants folded into one factor and one term."""
    if node["training_mode"]:
        return Refusal(got="training_mode=1", hint="export the model in evaluation mode")
    x = node.inputs[0]
    shape = (1, -1, *(1,) * (b.rank(x) - 2))
    constants = [b.constant(v) for v in node.inputs[1:]]
    if all(c is not None for c in constants):
        scale, bias, mean, variance = (np.asarray(c, np.float64) for c in constants)
        factor = scale / np.sqrt(variance + node["epsilon"])
        term = bias - mean * factor
        dtype = b.dtype(x)
        scaled = b.add("Mul", x, factor.astype(dtype).reshape(shape))
        return (b.add("Add", scaled, term.astype(dtype).reshape(shape)),)
    vectors = [b.reshape(v, (1, b.shape(v)[0], *shape[2:])) for v in node.inputs[1:]]
    deviation = b.add("Sqrt", b.add("Add", vectors[3], node["epsilon"]))
    scaled = b.add("Mul", b.add("Sub", x, vectors[2]), b.add("Div", vectors[0], deviation))
    return (b.add("Add", scaled, vectors[1]),)


RULES = (
    Rule(name="lrn", ops=("LRN",), apply=_lrn),
    Rule(name="lp-normalization", ops=("LpNormalization",), apply=_lp_normalization),
    Rule(name="batch-normalization", ops=("BatchNormalization",), apply=_batch_normalization),
)
