"""Pools for Core ML: one to three axes and any pads; ceil_mode is pads after, dilations are rewritten."""

from __future__ import annotations

from typing import Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.pool import counts_of, dilated_max, lowest_of, needed_pads, p_power, p_root
from mobilekit.legalise.spatial import Pads, Window, flat, full, onnx_pads, window_of


def _explicit(window: Window, pads: Pads) -> dict[str, Any]:
    return {"kernel_shape": window.kernel, "strides": window.strides, "pads": flat(pads)}


def _max_pool(node: Node, b: Builder) -> Replacement | None:
    x = node.inputs[0]
    window, pads = window_of(node), needed_pads(node, window_of(node), b)
    if set(window.dilations) != {1}:
        padded = b.add("Pad", x, full(pads), lowest_of(b.dtype(x))) if any(map(any, pads)) else x
        return dilated_max(padded, window, b.shape(node.name)[2:], b)
    if b.dtype(x).itemsize > 2 and not b.type(x).is_float:
        padded = b.add("Pad", x, full(pads), lowest_of(b.dtype(x))) if any(map(any, pads)) else x
        return dilated_max(padded, window, b.shape(node.name)[2:], b)
    wanted = _explicit(window, pads)
    return None if node.attributes == wanted else b.add("MaxPool", x, **wanted)


def _average_pool(node: Node, b: Builder) -> Replacement | None:
    """The divisor counts the node's own pads or none; those of ceil_mode it never counts."""
    x = node.inputs[0]
    window = window_of(node)
    sizes = b.shape(x)[2:]
    pads, needed = onnx_pads(node, window, sizes), needed_pads(node, window, b)
    counted = bool(node["count_include_pad"]) and any(map(any, pads))
    none = ((0, 0),) * len(sizes)
    if set(window.dilations) != {1}:
        counts = counts_of(window, sizes, pads if counted else none, needed, b.shape(node.name)[2:])
        return _corrected(_convolved_mean(x, window, needed, b), window, counts, b)
    wanted = _explicit(window, needed)
    if not counted:
        return None if node.attributes == wanted else b.add("AveragePool", x, **wanted)
    if not any(map(any, needed)):
        return b.add("AveragePool", x, **wanted)
    counts = counts_of(window, sizes, pads, needed, b.shape(node.name)[2:])
    wanted["count_include_pad"] = 1
    if np.all(counts == np.prod(window.kernel)) and node.attributes == wanted:
        return None
    return _corrected(b.add("AveragePool", x, **wanted), window, counts, b)


def _corrected(mean: str, window: Window, counts: Any, b: Builder) -> str:
    factors = (np.prod(window.kernel) / counts).astype(b.dtype(mean))
    return mean if np.all(factors == 1) else b.add("Mul", mean, factors[None, None])


def _convolved_mean(x: str, window: Window, pads: Pads, b: Builder) -> str:
    """The sum over the window, pads as zeros, divided by its size: a depthwise Conv."""
    channels = b.shape(x)[1]
    weights = np.full((channels, 1, *window.kernel), 1 / np.prod(window.kernel), b.dtype(x))
    return b.add(
        "Conv", x, weights,
        kernel_shape=window.kernel, strides=window.strides, dilations=window.dilations,
        group=channels, pads=flat(pads),
    )  # fmt: skip


def _lp_pool(node: Node, b: Builder) -> Replacement | None:
    """The p-th root of the average of p-th powers times the window's size; pads count as zeros."""
    window = window_of(node)
    powers = p_power(node.inputs[0], node["p"], b)
    pads = needed_pads(node, window, b)
    if set(window.dilations) == {1}:
        included = 1 if any(map(any, pads)) else None
        mean = b.add("AveragePool", powers, **_explicit(window, pads), count_include_pad=included)
    else:
        mean = _convolved_mean(powers, window, pads, b)
    return p_root(b.add("Mul", mean, float(np.prod(window.kernel))), node["p"], b)


def _whole_map(node: Node, b: Builder) -> Replacement | None:
    """One window over the whole map is a reduction: the Neural Engine has no windows of that size."""
    x = node.inputs[0]
    sizes = b.shape(x)[2:]
    window, pads = window_of(node), needed_pads(node, window_of(node), b)
    is_whole = window.kernel == sizes and not any(map(any, pads)) and set(window.dilations) == {1}
    if not is_whole or len(node.outputs) > 1 or not b.type(x).is_float:
        return None
    kind = "ReduceMean" if node.op == "AveragePool" else "ReduceMax"
    return b.add(kind, x, list(range(2, 2 + len(sizes))))


RULES = (
    Rule(name="whole-map-pool", ops=("AveragePool", "MaxPool"), apply=_whole_map),
    Rule(name="lp-pool-mil", ops=("LpPool",), apply=_lp_pool),
    Rule(name="max-pool-mil", ops=("MaxPool",), apply=_max_pool),
    Rule(name="average-pool-mil", ops=("AveragePool",), apply=_average_pool),
)
