"""Convolutions for Core ML: any rank, groups and dilations stay; pads are written out, zero Pads join them.

``conv_transpose`` cuts its pads from the full result; what output_padding asks for beyond it is a Pad,
before the bias.
"""

from __future__ import annotations

from math import prod

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.conv_transpose import transposed_pads
from mobilekit.legalise.spatial import Pads, flat, full, onnx_pads, outputs_of, window_of
from mobilekit.legalise.volumes import seen

_MOST_AXES = 3


def _too_many_axes(node: Node, b: Builder) -> Refusal | None:
    axes = b.rank(node.inputs[0]) - 2
    if 1 <= axes <= _MOST_AXES:
        return None
    return Refusal(got=f"a convolution over {axes} axes", hint="convolve over 1 to 3 axes at a time")


def _conv(node: Node, b: Builder) -> Replacement | None:
    """Every attribute written out; a Pad of zeros before it is part of its pads."""
    x, weights = node.inputs[:2]
    window = window_of(node, b.shape(weights)[2:])
    pads = onnx_pads(node, window, b.shape(x)[2:])
    pad = b.producer(x)
    outer = _zero_pads(x, b) if pad is not None and b.is_used_once(x) else None
    if pad is not None and outer is not None:
        x = pad.inputs[0]
        pads = tuple((o[0] + i[0], o[1] + i[1]) for o, i in zip(outer, pads, strict=True))
    wanted = {
        "kernel_shape": window.kernel,
        "strides": window.strides,
        "dilations": window.dilations,
        "group": node["group"],
        "pads": flat(pads),
    }
    if x == node.inputs[0] and node.attributes == wanted:
        return None
    return b.add("Conv", x, *node.inputs[1:], **wanted)


def _zero_pads(x: str, b: Builder) -> Pads | None:
    """The pads of the node that computes ``x`` if it puts zeros around the spatial axes, and only there."""
    pad = b.producer(x)
    if pad is None or pad.op != "Pad" or pad.domain or pad["mode"] != "constant" or pad.input(3):
        return None
    pads, half = b.ints(pad.inputs[1]), b.rank(x)
    if pads is None or (pad.input(2) and b.scalar(pad.inputs[2]) != 0) or b.is_output(x):
        return None
    if min(pads) < 0 or any((*pads[:2], *pads[half : half + 2])):
        return None
    return tuple(zip(pads[2:half], pads[half + 2 :], strict=True))


def _runtime_dilated(node: Node, b: Builder) -> Replacement | None:
    """Dilated weights computed at run time: a 1x1 product per cell of the kernel, added up."""
    x, weights = node.inputs[:2]
    window = window_of(node, b.shape(weights)[2:])
    if b.is_constant(weights) or set(window.dilations) == {1}:
        return None
    pads = onnx_pads(node, window, b.shape(x)[2:])
    sizes = outputs_of(window, b.shape(x)[2:], pads)
    padded = b.add("Pad", x, full(pads)) if any(map(any, pads)) else x
    outputs, inputs = b.shape(weights)[:2]
    ones = (1,) * len(sizes)
    cells = b.reshape(weights, (outputs, inputs, prod(window.kernel)))
    parts = []
    for index in range(prod(window.kernel)):
        cell = tuple(
            index // prod(window.kernel[axis + 1 :]) % size for axis, size in enumerate(window.kernel)
        )
        taps = b.reshape(b.slice(cells, 2, index, index + 1), (outputs, inputs, *ones))
        parts.append(b.add("Conv", seen(padded, window, cell, sizes, b), taps, group=node["group"]))
    return b.chain("Add", parts)


def _conv_transpose(node: Node, b: Builder) -> Replacement | None:
    """Pads alone say what is cut; cells beyond the full result are zeros, with the bias added after."""
    x, weights = node.inputs[:2]
    window = window_of(node, b.shape(weights)[2:])
    cut = transposed_pads(node, window, b)
    # A negative pad in front is cells more, too.
    inner = tuple((max(lo, 0), max(hi, 0)) for lo, hi in cut)
    beyond = tuple((max(-lo, 0), max(-hi, 0)) for lo, hi in cut)
    wanted = {
        "kernel_shape": window.kernel,
        "strides": window.strides,
        "dilations": window.dilations,
        "group": node["group"],
        "pads": flat(inner),
    }
    if not any(map(any, beyond)):
        return None if node.attributes == wanted else b.add("ConvTranspose", *node.inputs, **wanted)
    result = b.add("Pad", b.add("ConvTranspose", x, weights, **wanted), full(beyond))
    bias = node.input(2)
    if not bias:
        return result
    return b.add("Add", result, b.reshape(bias, (1, -1, *(1,) * (b.rank(x) - 2))))


OPERANDS = (Rule(name="conv-axes", ops=("Conv", "ConvTranspose"), apply=_too_many_axes),)
RULES = (
    Rule(name="conv-runtime-dilated", ops=("Conv",), apply=_runtime_dilated),
    Rule(name="conv-pads-mil", ops=("Conv",), apply=_conv),
    Rule(name="conv-transpose-pads-mil", ops=("ConvTranspose",), apply=_conv_transpose),
)
