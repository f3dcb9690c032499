"""Conv: rank 4, explicit attributes, pads that TFLite can say; everything else is a Pad before it.

Weights may be computed at run time, as in StyleGAN: see conv_modulated and conv_runtime.
"""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.spatial import Pads, flat, full, is_tflite_padding, onnx_pads, window_of


def runtime_bias(node: Node, b: Builder) -> Replacement | None:
    """A bias computed at run time becomes an Add; with weights computed at run time, any bias does."""
    bias = node.input(2)
    if not bias or (b.is_constant(bias) and b.is_constant(node.inputs[1])):
        return None
    bare = b.again(node, *node.inputs[:2])
    return b.add("Add", bare, b.reshape(bias, (1, -1, *(1,) * (b.rank(node.inputs[0]) - 2))))


def _two_dimensional(node: Node, b: Builder) -> Replacement | None:
    """``[N, C, L]`` → ``[N, C, 1, L]`` → Conv → back."""
    x, weights = node.inputs[:2]
    if b.rank(x) != 3:
        return None
    window = window_of(node, b.shape(weights)[2:])
    (pads,) = onnx_pads(node, window, b.shape(x)[2:])
    n, c, length = b.shape(x)
    m, per_group, taps = b.shape(weights)
    image = b.add(
        "Conv",
        b.reshape(x, (n, c, 1, length)),
        b.reshape(weights, (m, per_group, 1, taps)),
        *node.inputs[2:],
        kernel_shape=(1, *window.kernel),
        strides=(1, *window.strides),
        dilations=(1, *window.dilations),
        group=node["group"],
        pads=(0, pads[0], 0, pads[1]),
    )
    return b.reshape(image, b.shape(node.name))


def _merge_pad(node: Node, b: Builder) -> Replacement | None:
    """A zero Pad before the Conv joins the Conv's own pads where that leaves one operator less."""
    x = node.inputs[0]
    pad = b.producer(x)
    if pad is None or b.rank(x) != 4:
        return None
    outer = zero_pads(pad, b)
    if outer is None or not b.is_used_once(x):
        return None
    window = window_of(node, b.shape(node.inputs[1])[2:])
    own = onnx_pads(node, window, b.shape(x)[2:])
    both = tuple((o[0] + i[0], o[1] + i[1]) for o, i in zip(outer, own, strict=True))
    inner = pad.inputs[0]
    if not any(map(any, own)) and not is_tflite_padding(both, window, b.shape(inner)[2:]):
        return None
    return b.again(node, inner, *node.inputs[1:], pads=flat(both), auto_pad="NOTSET")


def zero_pads(pad: Node, b: Builder) -> Pads | None:
    """The spatial pads of a Pad node that adds zeros to H and W only; None for any other node."""
    if pad.op != "Pad" or pad["mode"] != "constant" or pad.input(3):
        return None
    if pad.input(2) and b.scalar(pad.inputs[2]) != 0:
        return None
    pads = b.ints(pad.inputs[1])
    if pads is None or len(pads) != 8 or any(pads[i] for i in (0, 1, 4, 5)) or min(pads) < 0:
        return None
    return ((pads[2], pads[6]), (pads[3], pads[7]))


def _padding(node: Node, b: Builder) -> Replacement | None:
    """Pads that are neither none nor SAME become a Pad; all attributes are written out."""
    x, weights = node.inputs[:2]
    if b.rank(x) != 4:
        return None
    window = window_of(node, b.shape(weights)[2:])
    pads = onnx_pads(node, window, b.shape(x)[2:])
    explicit = {
        "kernel_shape": window.kernel,
        "strides": window.strides,
        "dilations": window.dilations,
        "group": node["group"],
    }
    if is_tflite_padding(pads, window, b.shape(x)[2:]):
        wanted = {**explicit, "pads": flat(pads)}
        return None if node.attributes == wanted else b.add("Conv", *node.inputs, **wanted)
    padded = b.add("Pad", x, full(pads), mode="constant")
    return b.add("Conv", padded, *node.inputs[1:], **explicit, pads=(0,) * 4)


OPERANDS = (
    Rule(name="conv-runtime-bias", ops=("Conv",), apply=runtime_bias),
    Rule(name="conv-1d", ops=("Conv",), apply=_two_dimensional),
)
RULES = (
    Rule(name="conv-merge-pad", ops=("Conv",), apply=_merge_pad),
    Rule(name="conv-padding", ops=("Conv",), apply=_padding),
)
