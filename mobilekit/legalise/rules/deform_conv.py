"""DeformConv: every cell of the kernel samples the image where its offset says; then an ordinary Conv.

::

    X ── samples [N, C, cells, H'·W'] ── · mask ── Conv, kernel [cells, 1] ── [N, M, 1, H'·W']

The samples are linear between pixels and zero outside, taken by gathers of rows of channels.
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.arithmetic import Arithmetic, Number
from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.grid_sample import sampled_rows
from mobilekit.legalise.spatial import Window, window_of


def _deform_conv(node: Node, b: Builder) -> Replacement | Refusal:
    x, weights = node.inputs[:2]
    if b.rank(x) != 4:
        return Refusal(got=f"a kernel over {b.rank(x) - 2} axes", hint="use images of two axes")
    window = window_of(node, b.shape(weights)[2:])
    cells = window.kernel[0] * window.kernel[1]
    groups, count = node["offset_group"], b.shape(x)[1] // node["offset_group"]
    parts = [_samples(b.slice(x, 1, g * count, (g + 1) * count), node, g, window, b) for g in range(groups)]
    samples = b.concat(parts, 1)
    flat = b.reshape(weights, (*b.shape(weights)[:2], cells, 1))
    result = b.add("Conv", samples, flat, node.input(3), kernel_shape=(cells, 1), group=node["group"])
    return b.reshape(result, b.shape(node.name))


def _samples(x: str, node: Node, group: int, window: Window, b: Builder) -> str:
    """What each cell of the kernel sees of one group of channels: ``[N, C, cells, H'·W']``."""
    batch, channels = b.shape(x)[:2]
    sizes = b.shape(node.name)[2:]
    cells, places = window.kernel[0] * window.kernel[1], sizes[0] * sizes[1]
    own = b.slice(node.inputs[2], 1, group * 2 * cells, (group + 1) * 2 * cells)
    offsets = b.reshape(own, (batch, cells, 2, places))
    rows = sampled_rows(x, [_positions(offsets, node, axis, window, b) for axis in range(2)], b)
    if node.input(4):
        mask = b.slice(node.inputs[4], 1, group * cells, (group + 1) * cells)
        rows = b.add("Mul", rows, b.reshape(mask, (batch * cells * places, 1)))
    return b.transpose(b.reshape(rows, (batch, cells, places, channels)), (0, 3, 1, 2))


def _positions(offsets: str, node: Node, axis: int, window: Window, b: Builder) -> Number:
    """Pixel positions along one axis, ``[N·cells·H'·W', 1]``: offsets are (y, x) for each cell."""
    sizes = b.shape(node.name)[2:]
    pads = node["pads"] or (0,) * 4
    cell = np.indices(window.kernel)[axis].reshape(-1, 1) * window.dilations[axis]
    place = np.indices(sizes)[axis].reshape(1, -1) * window.strides[axis] - pads[axis]
    still = np.tile((cell + place).astype(b.dtype(offsets)).reshape(-1), b.shape(offsets)[0])
    do = Arithmetic(b)
    moved = do.known(b.reshape(b.slice(offsets, 2, axis, axis + 1), (still.size, 1)))
    return do("Add", moved, still[:, None])


RULES = (Rule(name="deform-conv", ops=("DeformConv",), apply=_deform_conv),)
