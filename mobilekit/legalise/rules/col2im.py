"""Col2Im: blocks added up where they overlap, which is a ConvTranspose with a kernel of ones and zeros.

Each cell of a block is a channel of its own, and its kernel is one at that cell; images and their
channels are the batch.
"""

from __future__ import annotations

from math import prod

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

_MOST_AXES = 3


def _col2im(node: Node, b: Builder) -> Replacement | Refusal:
    x, image, block = node.inputs
    sizes, kernel = b.ints(image), b.ints(block)
    if sizes is None or kernel is None:
        return Refusal(got="image_shape or block_shape computed at run time", hint="make them constant")
    axes = len(sizes)
    if axes > _MOST_AXES:
        return Refusal(got=f"an image_shape of {axes} axes", hint="use images of at most 3 axes")
    strides, dilations = node["strides"] or (1,) * axes, node["dilations"] or (1,) * axes
    pads = node["pads"] or (0,) * 2 * axes
    if axes != 2 and (any(pads) or set(strides) != {1}):
        # ONNX Runtime 1.26 writes beside its result there, so that nothing could be compared.
        return Refusal(
            got=f"strides {strides} and pads {pads} over {axes} axes", hint="fold images of two axes"
        )
    counts, beyond = [], []
    for axis in range(axes):
        reach = sizes[axis] + pads[axis] + pads[axes + axis] - (kernel[axis] - 1) * dilations[axis] - 1
        counts.append(reach // strides[axis] + 1)
        beyond.append(reach % strides[axis])
    cells = prod(kernel)
    batch, channels = b.shape(node.name)[:2]
    added = b.add(
        "ConvTranspose",
        b.reshape(x, (batch * channels, cells, *counts)),
        np.eye(cells, dtype=b.dtype(x)).reshape(cells, 1, *kernel),
        kernel_shape=kernel,
        strides=tuple(strides),
        dilations=tuple(dilations),
        pads=tuple(pads),
        output_padding=tuple(beyond),
    )
    return b.reshape(added, b.shape(node.name))


RULES = (Rule(name="col2im", ops=("Col2Im",), apply=_col2im),)
