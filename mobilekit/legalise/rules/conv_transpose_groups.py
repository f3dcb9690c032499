"""ConvTranspose with groups, which TFLite has not.

A few groups become an operator each. Many (mostly depthwise ones) become convolutions with groups, one
per phase of the stride, interleaved by DepthToSpace::

    y[j·s + p] = Σ over t: w[t·s + p] · x[j - t]

Measured in LiteRT 2.3.0 with 2 threads, depthwise, kernel 4 and stride 2, 64 channels of 32×32: 0.2 ms;
7.6 as one TRANSPOSE_CONV with zeros between the groups, and 0.3 as one DEPTHWISE_CONV_2D of the input
spread out by zeros (but 756 for kernel 16 and stride 8 on 16 channels, where the phases take 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.conv_transpose import transposed_pads
from mobilekit.legalise.spatial import full, window_of

if TYPE_CHECKING:
    from mobilekit.tensors import Array

# Up to this many groups, an operator per group.
SPLIT_AT_MOST = 4
_MOST_PHASES = 8


def _split(node: Node, b: Builder) -> Replacement | None:
    """An operator per group, whose results are concatenated."""
    groups = node["group"]
    x, weights = node.inputs[:2]
    if groups == 1 or b.rank(x) != 4 or (groups > SPLIT_AT_MOST and b.is_constant(weights)):
        return None
    size = b.shape(x)[1] // groups
    parts = b.add_many("Split", x, [size] * groups, outputs=groups, axis=1)
    bias = b.constant(node.input(2))
    biases = np.split(bias, groups) if bias is not None else [None] * groups
    kept = {k: v for k, v in node.attributes.items() if k != "output_shape"}
    done = [
        b.add(
            "ConvTranspose",
            part,
            _rows(weights, size * g, size * (g + 1), b),
            own,
            **{**kept, **_pads(node, b)},
        )
        for g, (part, own) in enumerate(zip(parts, biases, strict=True))
    ]
    return b.concat(done, 1)


def _pads(node: Node, b: Builder) -> dict[str, object]:
    """The attributes of one group, with pads written out: the size of its result is not inferred from M."""
    cut = transposed_pads(node, window_of(node, b.shape(node.inputs[1])[2:]), b)
    return {
        "group": 1,
        "auto_pad": "NOTSET",
        "pads": (*(before for before, _ in cut), *(max(after, 0) for _, after in cut)),
        "output_padding": tuple(max(-after, 0) for _, after in cut),
    }


def _rows(weights: str, start: int, end: int, b: Builder) -> object:
    array = b.constant(weights)
    return b.slice(weights, 0, start, end) if array is None else np.ascontiguousarray(array[start:end])


def _phases(node: Node, b: Builder) -> Replacement | None:
    """A convolution with groups per phase of the stride, interleaved."""
    groups, x = node["group"], node.inputs[0]
    array = b.constant(node.inputs[1])
    if groups == 1 or b.rank(x) != 4 or array is None:
        return None
    window = window_of(node, array.shape[2:])
    stride = window.strides[0]
    if set(window.dilations) != {1}:
        return None
    if window.strides != (stride, stride) or stride > _MOST_PHASES:
        return b.again(node, x, _block_diagonal(array, groups), *node.inputs[2:], group=1)
    cut = transposed_pads(node, window, b)
    taps = tuple(-(-k // stride) for k in window.kernel)
    sizes, wanted = b.shape(x)[2:], b.shape(node.name)[2:]
    ends = [c[0] + w for c, w in zip(cut, wanted, strict=True)]
    more = [max(-(-end // stride) - (n + t - 1), 0) for end, n, t in zip(ends, sizes, taps, strict=True)]
    around = tuple((t - 1, t - 1 + m) for t, m in zip(taps, more, strict=True))
    padded = b.add("Pad", x, full(around)) if any(map(any, around)) else x
    parts = [
        b.add(
            "Conv", padded, _phase(array, groups, taps, stride, p), *node.inputs[2:],
            kernel_shape=taps, strides=(1, 1), dilations=(1, 1), group=groups, pads=(0,) * 4,
        )
        for p in np.ndindex(stride, stride)
    ]  # fmt: skip
    apart = b.concat(parts, 1)
    whole = b.add("DepthToSpace", apart, blocksize=stride) if stride > 1 else apart
    for axis, (c, end) in enumerate(zip(cut, ends, strict=True), start=2):
        whole = b.slice(whole, axis, c[0], end)
    return whole


def _phase(array: Array, groups: int, taps: tuple[int, ...], stride: int, phase: tuple[int, ...]) -> Array:
    """The taps of one phase as Conv weights: ``[C, M/g, …]`` → ``[M, C/g, …]``, mirrored."""
    part = array[:, :, phase[0] :: stride, phase[1] :: stride]
    lacking = [(0, t - n) for t, n in zip(taps, part.shape[2:], strict=True)]
    part = np.pad(part, [(0, 0), (0, 0), *lacking])[:, :, ::-1, ::-1]
    channels, per_group = part.shape[:2]
    grouped = part.reshape(groups, channels // groups, per_group, *taps).swapaxes(1, 2)
    return np.ascontiguousarray(grouped.reshape(groups * per_group, channels // groups, *taps))


def _block_diagonal(array: Array, groups: int) -> Array:
    """Weights ``[C, M/g, …]`` as ``[C, M, …]`` with zeros between the groups."""
    channels, per_group = array.shape[:2]
    dense = np.zeros((channels, per_group * groups, *array.shape[2:]), array.dtype)
    for group, block in enumerate(np.split(array, groups)):
        rows = slice(group * channels // groups, (group + 1) * channels // groups)
        dense[rows, group * per_group : (group + 1) * per_group] = block
    return dense


RULES = (
    Rule(name="conv-transpose-groups", ops=("ConvTranspose",), apply=_split),
    Rule(name="conv-transpose-phases", ops=("ConvTranspose",), apply=_phases),
)
