"""Pools: rank 4, no ceil_mode, no dilations, pads that TFLite can say; global pools as reductions.

Pools over volumes are one over their planes and one over the depth: TFLite has none of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
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
from mobilekit.legalise.volumes import planes_of, volume_of

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_POOLS = ("MaxPool", "AveragePool", "LpPool")
_MOST_AXES = 3


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


def _defined(node: Node, b: Builder) -> Refusal | None:
    """Refuse windows over more than three axes, and what ONNX and ONNX Runtime do not agree on."""
    axes = b.rank(node.inputs[0]) - 2
    if axes > _MOST_AXES:
        return Refusal(got=f"a window over {axes} axes", hint="pool over at most 3 axes at a time")
    window = window_of(node)
    sizes = b.shape(node.inputs[0])[2:]
    pads = onnx_pads(node, window, sizes)
    whole = [size + before + after for size, (before, after) in zip(sizes, pads, strict=True)]
    if 0 in b.shape(node.name) or any(e > size for e, size in zip(window.extents, whole, strict=True)):
        return Refusal(got=f"kernel_shape {window.kernel} with dilations {window.dilations} on {sizes}")
    reach = zip(b.shape(node.name)[2:], window.strides, sizes, pads, strict=True)
    if node["ceil_mode"] and any((out - 1) * step >= size + before for out, step, size, (before, _) in reach):
        # Since opset 22 ONNX drops such a window; ONNX Runtime always does.
        got = f"ceil_mode with strides {window.strides}, whose last window starts beyond the image"
        return Refusal(got=got, hint="export with opset 22, or without ceil_mode")
    if not str(node["auto_pad"]).startswith("SAME"):
        return None
    # ONNX Runtime leaves the dilations out of these pads, and starts inside where they are negative.
    ends = [(-(-size // step) - 1) * step for size, step in zip(sizes, window.strides, strict=True)]
    inside = any(e + k - s < -1 for e, k, s in zip(ends, window.kernel, sizes, strict=True))
    if window.extents == window.kernel and not inside:
        return None
    which = f"strides {window.strides}" if inside else f"dilations {window.dilations}"
    return Refusal(got=f"auto_pad {node['auto_pad']} with {which}", hint="say the pads instead")


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
    window = window_of(node)
    powers = _padded(p_power(x, node["p"], b), needed_pads(node, window, b), 0.0, b)
    mean = _mean(powers, window, b)
    return p_root(b.add("Mul", mean, float(np.prod(window.kernel))), node["p"], b)


def _max_pool(node: Node, b: Builder) -> Replacement | None:
    """Pads of the lowest value; dilated windows as the maximum of strided slices."""
    x = node.inputs[0]
    window = window_of(node)
    lowest = lowest_of(b.dtype(x))
    pads = needed_pads(node, window, b)
    if set(window.dilations) != {1}:
        return dilated_max(_padded(x, pads, lowest, b), window, b.shape(node.name)[2:], b)
    if b.rank(x) == 5:
        return over_planes_and_depth(_padded(x, pads, lowest, b), window, _max, b)
    if not is_tflite_padding(pads, window, b.shape(x)[2:]):
        x, pads = _padded(x, pads, lowest, b), ((0, 0), (0, 0))
    wanted = _explicit(window, pads)
    return None if x == node.inputs[0] and node.attributes == wanted else b.add("MaxPool", x, **wanted)


def _max(x: str, window: Window, b: Builder) -> str:
    return b.add("MaxPool", x, **_explicit(window, ((0, 0), (0, 0))))


def over_planes_and_depth(
    x: str, window: Window, pool: Callable[[str, Window, Builder], str], b: Builder
) -> str:
    """A pool over ``[N, C, D, H, W]`` as one over height and width, then one over the depth."""
    planes = pool(planes_of(x, b), window.over(1, 2), b)
    volume = volume_of(planes, b.shape(x)[0], b)
    n, c, depth, height, width = b.shape(volume)
    along = window.over(0)
    if along.kernel == along.strides == (1,):
        return volume
    column = Window(kernel=(*along.kernel, 1), strides=(*along.strides, 1), dilations=(*along.dilations, 1))
    pooled = pool(b.reshape(volume, (n, c, depth, height * width)), column, b)
    return b.reshape(pooled, (n, c, b.shape(pooled)[2], height, width))


def dilated_max(x: str, window: Window, sizes: tuple[int, ...], b: Builder) -> str:
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
    window = window_of(node)
    sizes = b.shape(x)[2:]
    pads = onnx_pads(node, window, sizes)
    needed = needed_pads(node, window, b)
    included = bool(node["count_include_pad"]) and any(map(any, pads))
    is_tflite = not any(map(any, needed)) or (needed == same_pads(window, sizes) and not included)
    if is_tflite and set(window.dilations) == {1} and b.rank(x) == 4:
        wanted = _explicit(window, needed)
        return None if node.attributes == wanted else b.add("AveragePool", x, **wanted)
    none = ((0, 0),) * len(sizes)
    counts = counts_of(window, sizes, pads if included else none, needed, b.shape(node.name)[2:])
    mean = _mean(_padded(x, needed, 0.0, b), window, b)
    correction = (np.prod(window.kernel) / counts).astype(b.dtype(x))
    return mean if np.all(correction == 1) else b.add("Mul", mean, correction[None, None])


def _mean(x: str, window: Window, b: Builder) -> str:
    """The mean over unpadded windows; dilated ones by a depthwise Conv."""
    if b.rank(x) == 5:
        return over_planes_and_depth(x, window, _mean, b)
    if set(window.dilations) == {1}:
        return b.add("AveragePool", x, **_explicit(window, ((0, 0), (0, 0))))
    return mean_by_conv(x, window, b)


def mean_by_conv(x: str, window: Window, b: Builder) -> str:
    """The mean over unpadded windows, dilated or not, by a depthwise Conv."""
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


def counts_of(
    window: Window, sizes: tuple[int, ...], counted: Pads, needed: Pads, outputs: tuple[int, ...]
) -> Array:
    """How many cells each window's mean divides by: those inside, and ``counted`` pads."""
    per_axis = []
    for axis, size in enumerate(sizes):
        low, high = -counted[axis][0], size + counted[axis][1]
        starts = np.arange(outputs[axis]) * window.strides[axis] - needed[axis][0]
        taps = np.arange(window.kernel[axis]) * window.dilations[axis]
        cells = starts[:, None] + taps[None, :]
        per_axis.append(((cells >= low) & (cells < high)).sum(axis=1))
    return reduce(np.multiply.outer, per_axis)


def needed_pads(node: Node, window: Window, b: Builder) -> Pads:
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


def _padded(x: str, pads: Pads, value: float, b: Builder) -> str:
    return b.add("Pad", x, full(pads), value) if any(map(any, pads)) else x


def _explicit(window: Window, pads: Pads) -> dict[str, Any]:
    return {"kernel_shape": window.kernel, "strides": window.strides, "pads": flat(pads)}


def lowest_of(dtype: np.dtype[Any]) -> float:
    """The number that never wins a maximum."""
    return float(np.finfo(dtype).min) if dtype.kind == "f" else int(np.iinfo(dtype).min)


OPERANDS = (Rule(name="pool-defined", ops=_POOLS, apply=_defined),)
GLOBAL = (
    Rule(name="global-pool", ops=("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), apply=_global),
)
RULES = (
    *GLOBAL,
    Rule(name="pool-1d", ops=_POOLS, apply=_two_dimensional),
    Rule(name="lp-pool", ops=("LpPool",), apply=_lp_pool),
    Rule(name="max-pool", ops=("MaxPool",), apply=_max_pool),
    Rule(name="average-pool", ops=("AveragePool",), apply=_average_pool),
)
