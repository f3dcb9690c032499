"""Pools: rank 4, no ceil_mode, no dilations, pads that TFLite can say; global pools as reductions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.spatial import (
    Pads,
    Window,
    flat,
    full,
    is_tflite_padding,
    onnx_pads,
    same_pads,
    window_of,
)

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_POOLS = ("MaxPool", "AveragePool", "LpPool")


def _no_indices(node: Node, b: Builder) -> Refusal | Replacement | None:
    """The Indices output of MaxPool has no counterpart; unread, it is dropped."""
    if len(node.outputs) < 2:
        return None
    if b.workspace.uses[node.outputs[1]]:
        return Refusal(got="its Indices output is used", hint="replace MaxUnpool by Resize or ConvTranspose")
    return (b.again(node, node.inputs[0]),)


def _global(node: Node, b: Builder) -> Replacement:
    """Global pools reduce every spatial axis."""
    x = node.inputs[0]
    axes = list(range(2, b.rank(x)))
    if node.op == "GlobalLpPool":
        return lp_norm(x, axes, node["p"], b)
    return b.add("ReduceMean" if node.op == "GlobalAveragePool" else "ReduceMax", x, axes, keepdims=1)


def lp_norm(x: str, axes: list[int], p: int, b: Builder) -> str:
    """(Σ |x|^p)^(1/p) over ``axes``, which stay with size 1."""
    if p == 1:
        return b.add("ReduceSum", b.add("Abs", x), axes, keepdims=1)
    return p_root(b.add("ReduceSum", p_power(x, p, b), axes, keepdims=1), p, b)


def p_power(x: str, p: int, b: Builder) -> str:
    """|x|^p."""
    if p == 1:
        return b.add("Abs", x)
    return b.add("Mul", x, x) if p == 2 else b.add("Pow", b.add("Abs", x), float(p))


def p_root(x: str, p: int, b: Builder) -> str:
    """x^(1/p)."""
    if p == 1:
        return x
    return b.add("Sqrt", x) if p == 2 else b.add("Pow", x, 1.0 / p)


def _two_dimensional(node: Node, b: Builder) -> Replacement | None:
    """``[N, C, L]`` → ``[N, C, 1, L]`` → pool → back."""
    x = node.inputs[0]
    if b.rank(x) != 3:
        return None
    window = window_of(node)
    (pads,) = onnx_pads(node, window, b.shape(x)[2:])
    n, c, length = b.shape(x)
    kept = {k: v for k, v in node.attributes.items() if k not in ("auto_pad", "dilations")}
    kept.update(kernel_shape=(1, *window.kernel), strides=(1, *window.strides), pads=(0, pads[0], 0, pads[1]))
    if window.dilations != (1,):
        kept["dilations"] = (1, *window.dilations)
    return b.reshape(b.add(node.op, b.reshape(x, (n, c, 1, length)), **kept), b.shape(node.name))


def _lp_pool(node: Node, b: Builder) -> Replacement | None:
    """The p-th root of an average of p-th powers, times the window's size; pads count as zeros."""
    x = node.inputs[0]
    if b.rank(x) != 4:
        return None
    window = window_of(node)
    powers, _ = _ready_padded(p_power(x, node["p"], b), node, window, 0.0, b)
    mean = _mean(powers, window, b)
    return p_root(b.add("Mul", mean, float(np.prod(window.kernel))), node["p"], b)


def _max_pool(node: Node, b: Builder) -> Replacement | None:
    """Pads of the lowest value; dilated windows as the maximum of strided slices."""
    x = node.inputs[0]
    if b.rank(x) != 4:
        return None
    window = window_of(node)
    lowest = _lowest(b.dtype(x))
    if set(window.dilations) != {1}:
        pads = _needed_pads(node, window, b)
        padded = b.add("Pad", x, full(pads), lowest) if any(map(any, pads)) else x
        return _dilated_max(padded, window, b.shape(node.name)[2:], b)
    padded, pads = _ready_padded(x, node, window, lowest, b)
    wanted = _explicit(window, pads)
    return None if padded == x and node.attributes == wanted else b.add("MaxPool", padded, **wanted)


def _dilated_max(x: str, window: Window, sizes: tuple[int, ...], b: Builder) -> str:
    """Rows first, then columns: kernel_h + kernel_w slices instead of their product."""
    for axis, (taps, stride, dilation, size) in enumerate(
        zip(window.kernel, window.strides, window.dilations, sizes, strict=True), start=2
    ):
        ends = (size - 1) * stride + 1
        parts = [b.slice(x, axis, t * dilation, t * dilation + ends, stride) for t in range(taps)]
        x = b.chain("Max", parts)
    return x


def _average_pool(node: Node, b: Builder) -> Replacement | None:
    """Only SAME pads that do not count are TFLite's; others are zeros with the divisor corrected."""
    x = node.inputs[0]
    if b.rank(x) != 4:
        return None
    window = window_of(node)
    sizes = b.shape(x)[2:]
    pads = onnx_pads(node, window, sizes)
    needed = _needed_pads(node, window, b)
    included = bool(node["count_include_pad"]) and any(map(any, pads))
    is_tflite = not any(map(any, needed)) or (needed == same_pads(window, sizes) and not included)
    if is_tflite and set(window.dilations) == {1}:
        wanted = _explicit(window, needed)
        return None if node.attributes == wanted else b.add("AveragePool", x, **wanted)
    counts = _counts(window, sizes, pads if included else ((0, 0), (0, 0)), needed, b.shape(node.name)[2:])
    padded = b.add("Pad", x, full(needed), 0.0) if any(map(any, needed)) else x
    mean = _mean(padded, window, b)
    correction = (np.prod(window.kernel) / counts).astype(b.dtype(x))
    return mean if np.all(correction == 1) else b.add("Mul", mean, correction[None, None])


def _mean(x: str, window: Window, b: Builder) -> str:
    """The mean over unpadded windows; dilated ones by a depthwise Conv."""
    if set(window.dilations) == {1}:
        return b.add("AveragePool", x, **_explicit(window, ((0, 0), (0, 0))))
    channels = b.shape(x)[1]
    weights = np.full((channels, 1, *window.kernel), 1 / np.prod(window.kernel), b.dtype(x))
    return b.add(
        "Conv",
        x,
        weights,
        kernel_shape=window.kernel,
        strides=window.strides,
        dilations=window.dilations,
        group=channels,
        pads=(0,) * 4,
    )


def _counts(
    window: Window, sizes: tuple[int, ...], counted: Pads, needed: Pads, outputs: tuple[int, ...]
) -> Array:
    """How many cells each window's mean divides by, ``[H, W]``: those inside, and ``counted`` pads."""
    per_axis = []
    for axis, size in enumerate(sizes):
        low, high = -counted[axis][0], size + counted[axis][1]
        starts = np.arange(outputs[axis]) * window.strides[axis] - needed[axis][0]
        taps = np.arange(window.kernel[axis]) * window.dilations[axis]
        cells = starts[:, None] + taps[None, :]
        per_axis.append(((cells >= low) & (cells < high)).sum(axis=1))
    return np.outer(*per_axis)


def _needed_pads(node: Node, window: Window, b: Builder) -> Pads:
    """The pads that give the node's output size rounding down: ceil_mode adds cells after.

    Where the size is rounded down, pads after that no window reaches are left out.
    """
    sizes = b.shape(node.inputs[0])[2:]
    pads = onnx_pads(node, window, sizes)
    result = []
    for size, out, (before, after), extent, stride in zip(
        sizes, b.shape(node.name)[2:], pads, window.extents, window.strides, strict=True
    ):
        reach = (out - 1) * stride + extent - size - before
        result.append((before, reach if reach > after else min(after, max(reach, 0))))
    return tuple(result)


def _ready_padded(x: str, node: Node, window: Window, value: float, b: Builder) -> tuple[str, Pads]:
    """``x`` padded explicitly unless the pads are TFLite's own; and the pads left for the pool."""
    needed = _needed_pads(node, window, b)
    sizes = b.shape(x)[2:]
    if is_tflite_padding(needed, window, sizes) and node.op == "MaxPool":
        return x, needed
    none = ((0, 0), (0, 0))
    return (b.add("Pad", x, full(needed), value) if any(map(any, needed)) else x), none


def _explicit(window: Window, pads: Pads) -> dict[str, Any]:
    return {"kernel_shape": window.kernel, "strides": window.strides, "pads": flat(pads)}


def _lowest(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).min) if dtype.kind == "f" else int(np.iinfo(dtype).min)


RULES = (
    Rule(name="global-pool", ops=("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), apply=_global),
    Rule(name="max-pool-indices", ops=("MaxPool",), apply=_no_indices),
    Rule(name="pool-1d", ops=_POOLS, apply=_two_dimensional),
    Rule(name="lp-pool", ops=("LpPool",), apply=_lp_pool),
    Rule(name="max-pool", ops=("MaxPool",), apply=_max_pool),
    Rule(name="average-pool", ops=("AveragePool",), apply=_average_pool),
)
