"""Pads and windows that LiteRT's GPU accelerator takes and mistakes.

It merges a PAD into the pool or convolution that reads it, as if the pad were the window's own: right
for zeros before a convolution and for the lowest number before a maximum, silently wrong for zeros
before an average (they stop counting) or a maximum (they stop competing), and for other values. Pads of
less than four axes are taken for other axes, infinite ones give zeros, of integers there is nothing,
transposed convolutions whose kernel exceeds the stride by an odd number shift by one. Each was wrong on
ML Drift in LiteRT 2.3.0 (SwiftShader) as the CPU's profile writes it, and is right as written here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.pool import lowest_of, mean_by_conv
from mobilekit.legalise.spatial import Pads, Window, full, window_of

_RANK = 4
_BYTES = ("int8", "uint8")


def _pad(node: Node, b: Builder) -> Replacement | None:
    """Zeros and the lowest number over four axes as they are; other values, and integers, by Concat."""
    x = node.inputs[0]
    value = _value(node, b)
    pads = _pads_of(node, b)
    if pads is None or value is None or b.rank(x) > _RANK or 0 in b.shape(x):
        return None
    if not b.type(x).is_float or value not in (0, lowest_of(b.dtype(x))):
        return _beside(x, pads, value, b)
    if b.rank(x) == _RANK:
        return None
    ones = _RANK - b.rank(x)
    flat_pads = (*(0,) * ones, *(p for p, _ in pads), *(0,) * ones, *(p for _, p in pads))
    lifted = b.reshape(x, (1,) * ones + b.shape(x))
    return b.reshape(b.again(node, lifted, flat_pads, *node.inputs[2:3]), b.shape(node.name))


def _beside(x: str, pads: Pads, value: float, b: Builder) -> str:
    """Constants before and after, axis by axis."""
    for axis, sides in enumerate(pads):
        shape = b.shape(x)
        made = [np.full((*shape[:axis], n, *shape[axis + 1 :]), value, b.dtype(x)) for n in sides]
        before, after = (b.workspace.intern(part, f"{x}/pad") if part.size else "" for part in made)
        x = b.concat([part for part in (before, x, after) if part], axis)
    return x


def _average_pool(node: Node, b: Builder) -> Replacement | None:
    """Behind a Pad: a depthwise convolution by 1/n, to which zeros are zeros."""
    x = node.inputs[0]
    source = b.producer(x)
    if source is None or source.op != "Pad":
        return None
    return mean_by_conv(x, window_of(node), b)


def _max_pool(node: Node, b: Builder) -> Replacement | None:
    """Behind a Pad of zeros: of the lowest number instead, and zeros compete where a window has some."""
    x = node.inputs[0]
    if str(b.dtype(x)) in _BYTES:
        pooled = b.add("MaxPool", b.cast(x, np.float32), **node.attributes)
        return b.cast(pooled, b.dtype(x))
    source = b.producer(x)
    if source is None or source.op != "Pad" or not b.type(x).is_float:
        return None
    pads, value, window = _pads_of(source, b), _value(source, b), window_of(node)
    lowest = lowest_of(b.dtype(x))
    if pads is None or value is None or value == lowest or any(map(any, pads[:2])):
        return None
    inner = source.inputs[0]
    pooled = b.add("MaxPool", b.add("Pad", inner, full(pads[2:]), lowest), **node.attributes)
    touched = np.multiply.outer(*(_inside(b, x, pads, window, axis) for axis in (0, 1)))
    rest = np.where(touched == np.prod(window.kernel), lowest, value).astype(b.dtype(x))
    return b.add("Max", pooled, rest[None, None])


def _inside(b: Builder, x: str, pads: Pads, window: Window, axis: int) -> np.ndarray[Any, Any]:
    """How many cells of each window along a spatial axis are no pads."""
    size, (before, after) = b.shape(x)[2 + axis], pads[2 + axis]
    kernel, stride = window.kernel[axis], window.strides[axis]
    starts = np.arange(0, size - kernel + 1, stride)
    cells = starts[:, None] + np.arange(kernel)
    return ((cells >= before) & (cells < size - after)).sum(axis=1)


def _transposed(node: Node, b: Builder) -> Replacement | None:
    """TFLite's SAME only where it cuts as much before as after; else all of it, cut by Slice."""
    pads = node["pads"]
    window = window_of(node, b.shape(node.inputs[1])[2:])
    before, after = pads[:2], pads[2:]
    uneven = [low != high and step > 1 for low, high, step in zip(before, after, window.strides, strict=True)]
    if not any(uneven):
        return None
    whole = b.again(node, *node.inputs, pads=(0,) * 4)
    sizes = b.shape(node.name)[2:]
    ends = [low + size for low, size in zip(before, sizes, strict=True)]
    return b.add("Slice", whole, list(before), ends, [2, 3], [1, 1])


def _value(node: Node, b: Builder) -> float | None:
    """What a constant pad is filled with; None where it is not known, or the mode another."""
    if node["mode"] != "constant":
        return None
    return b.scalar(node.inputs[2]) if node.input(2) else 0.0


def _pads_of(node: Node, b: Builder) -> Pads | None:
    """(before, after) for every axis; None where an axis is cut, or they are not known."""
    numbers = b.ints(node.inputs[1])
    if numbers is None or node.input(3) or min(numbers) < 0:
        return None
    rank = len(numbers) // 2
    return tuple(zip(numbers[:rank], numbers[rank:], strict=True))


RULES = (
    Rule(name="gpu-pad", ops=("Pad",), apply=_pad),
    Rule(name="gpu-padded-average", ops=("AveragePool",), apply=_average_pool),
    Rule(name="gpu-padded-maximum", ops=("MaxPool",), apply=_max_pool),
    Rule(name="gpu-transposed-same", ops=("ConvTranspose",), apply=_transposed),
)
