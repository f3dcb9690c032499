"""ConvTranspose: rank 4, one group, no dilations, and pads that TFLite can say; the rest is cut by Slice."""

from __future__ import annotations

from typing import Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.conv import runtime_bias
from mobilekit.legalise.spatial import Pads, Window, flat, full, window_of
from mobilekit.legalise.volumes import spread

_PADS = "say the pads, and no more than that"


def transposed_pads(node: Node, window: Window, b: Builder) -> Pads:
    """What is cut from the full result, per axis, so that exactly the node's output shape is left.

    ``after`` is negative where output_padding asks for cells beyond the full result.
    """
    sizes, wanted = b.shape(node.inputs[0])[2:], b.shape(node.name)[2:]
    extra = node["output_padding"] or (0,) * len(sizes)
    result = []
    for axis, (size, out, extent, stride) in enumerate(
        zip(sizes, wanted, window.extents, window.strides, strict=True)
    ):
        total = (size - 1) * stride + extent - out
        result.append((_cut_before(node, axis, len(sizes), total, extra[axis]), total))
    return tuple((before, total - before) for before, total in result)


def _cut_before(node: Node, axis: int, rank: int, total: int, extra: int) -> int:
    mode = node["auto_pad"]
    if mode in ("SAME_UPPER", "SAME_LOWER") or node["output_shape"]:
        padding = max(total + extra, 0)
        return padding // 2 if mode == "SAME_UPPER" else padding - padding // 2
    if mode == "VALID":
        return 0
    return int((node["pads"] or (0,) * 2 * rank)[axis])


def _defined(node: Node, b: Builder) -> Refusal | None:
    """Refuse what ONNX, its shape inference and ONNX Runtime do not agree on."""
    x, extra = node.inputs[0], node["output_padding"] or ()
    if b.rank(node.name) != b.rank(x):
        return Refusal(got=f"output_shape {node['output_shape']}, smaller than the input", hint=_PADS)
    if any(extra) and str(node["auto_pad"]).startswith("SAME"):
        return Refusal(got=f"output_padding {extra} with auto_pad {node['auto_pad']}", hint=_PADS)
    window = window_of(node, b.shape(node.inputs[1])[2:])
    cut = transposed_pads(node, window, b)
    beyond = [-after for _, after in cut]
    if any(more >= step for more, step in zip((*extra, *beyond), window.strides * 2, strict=False)):
        which = "output_shape" if node["output_shape"] else "output_padding"
        got = f"{which} {tuple(node[which] or ())} asks for a stride or more than the kernel writes"
        return Refusal(got=got, hint=_PADS)
    return None


def _two_dimensional(node: Node, b: Builder) -> Replacement | None:
    """``[N, C, L]`` → ``[N, C, 1, L]`` → ConvTranspose → back."""
    x, weights = node.inputs[:2]
    if b.rank(x) != 3:
        return None
    window = window_of(node, b.shape(weights)[2:])
    ((before, after),) = transposed_pads(node, window, b)
    n, c, length = b.shape(x)
    m, per_group, taps = b.shape(weights)
    image = b.add(
        "ConvTranspose",
        b.reshape(x, (n, c, 1, length)),
        b.reshape(weights, (m, per_group, 1, taps)),
        *node.inputs[2:],
        **_attributes((1, *window.kernel), (1, *window.strides)),
        dilations=(1, *window.dilations),
        group=node["group"],
        pads=(0, before, 0, max(after, 0)),
        output_padding=(0, max(-after, 0)),
    )
    return b.reshape(image, b.shape(node.name))


def _no_dilations(node: Node, b: Builder) -> Replacement | None:
    """A dilated kernel is one with zeros in between."""
    weights = node.inputs[1]
    window = window_of(node, b.shape(weights)[2:])
    if set(window.dilations) == {1} or len(window.kernel) != 2:
        return None
    apart: Any = weights
    array = b.constant(weights)
    if array is None:
        for axis, dilation in enumerate(window.dilations, start=2):
            apart = spread(apart, axis, dilation, b)
    else:
        apart = np.zeros((*array.shape[:2], *window.extents), array.dtype)
        apart[:, :, :: window.dilations[0], :: window.dilations[1]] = array
    return b.again(
        node, node.inputs[0], apart, *node.inputs[2:], kernel_shape=window.extents, dilations=(1, 1)
    )


def _padding(node: Node, b: Builder) -> Replacement | None:
    """Compute the full result and cut it; a zero row more at the input where it is too short."""
    x, weights = node.inputs[:2]
    if b.rank(x) != 4:
        return None
    window = window_of(node, b.shape(weights)[2:])
    cut = transposed_pads(node, window, b)
    wanted = {**_attributes(window.kernel, window.strides), "dilations": (1, 1), "group": 1}
    if cut == _same(window) or not any(map(any, cut)):
        wanted["pads"] = flat(cut)
        return None if node.attributes == wanted else b.add("ConvTranspose", *node.inputs, **wanted)
    grown = tuple(
        tuple(max(-(side // stride), 0) for side in sides)
        for sides, stride in zip(cut, window.strides, strict=True)
    )
    padded = b.add("Pad", x, full(grown), mode="constant") if any(map(any, grown)) else x  # type: ignore[arg-type]
    result = b.add("ConvTranspose", padded, *node.inputs[1:], **wanted, pads=(0,) * 4)
    sizes = b.shape(node.name)[2:]
    starts = [c[0] + g[0] * s for c, g, s in zip(cut, grown, window.strides, strict=True)]
    return b.add("Slice", result, starts, [s + n for s, n in zip(starts, sizes, strict=True)], [2, 3], [1, 1])


def _same(window: Window) -> Pads | None:
    """TFLite's SAME, where the output is the input times the stride; None for kernels below the stride."""
    totals = [k - s for k, s in zip(window.extents, window.strides, strict=True)]
    return tuple((t // 2, t - t // 2) for t in totals) if min(totals) >= 0 else None


def _attributes(kernel: tuple[int, ...], strides: tuple[int, ...]) -> dict[str, Any]:
    return {"kernel_shape": kernel, "strides": strides}


OPERANDS = (
    Rule(name="conv-transpose-defined", ops=("ConvTranspose",), apply=_defined),
    Rule(name="conv-transpose-runtime-bias", ops=("ConvTranspose",), apply=runtime_bias),
    Rule(name="conv-transpose-1d", ops=("ConvTranspose",), apply=_two_dimensional),
    Rule(name="conv-transpose-dilations", ops=("ConvTranspose",), apply=_no_dilations),
)
RULES = (Rule(name="conv-transpose-padding", ops=("ConvTranspose",), apply=_padding),)
