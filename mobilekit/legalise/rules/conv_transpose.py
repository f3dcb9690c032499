"""ConvTranspose: rank 4, one group, no dilations, and pads that TFLite can say; the rest is cut by Slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.conv import MODULATED
from mobilekit.legalise.spatial import Pads, Window, flat, full, window_of

if TYPE_CHECKING:
    from mobilekit.tensors import Array

# Up to this many groups, one operator per group; beyond it, one operator whose weights are zero
# between the groups, which costs more arithmetic and far fewer operators.
SPLIT_AT_MOST = 4


def _constant_operands(node: Node, b: Builder) -> Replacement | Refusal | None:
    if not b.is_constant(node.inputs[1]):
        return Refusal(got="weights computed at run time", hint=MODULATED)
    bias = node.input(2)
    if not bias or b.is_constant(bias):
        return None
    bare = b.again(node, *node.inputs[:2])
    return b.add("Add", bare, b.reshape(bias, (1, -1, *(1,) * (b.rank(node.inputs[0]) - 2))))


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
    if mode == "VALID":
        return 0
    if mode in ("SAME_UPPER", "SAME_LOWER") or node["output_shape"]:
        padding = max(total + extra, 0)
        return padding // 2 if mode == "SAME_UPPER" else padding - padding // 2
    return int((node["pads"] or (0,) * 2 * rank)[axis])


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


def _one_group(node: Node, b: Builder) -> Replacement | None:
    groups = node["group"]
    x, weights = node.inputs[:2]
    if groups == 1 or b.rank(x) != 4:
        return None
    array = b.constant(weights)
    assert array is not None
    if groups > SPLIT_AT_MOST:
        return b.again(node, x, _block_diagonal(array, groups), *node.inputs[2:], group=1)
    size = b.shape(x)[1] // groups
    parts = b.add_many("Split", x, [size] * groups, outputs=groups, axis=1)
    bias = b.constant(node.input(2))
    biases = np.split(bias, groups) if bias is not None else [None] * groups
    done = [
        b.again(node, part, np.ascontiguousarray(kernel), own, group=1)
        for part, kernel, own in zip(parts, np.split(array, groups), biases, strict=True)
    ]
    return b.concat(done, 1)


def _block_diagonal(array: Array, groups: int) -> Array:
    """Weights ``[C, M/g, …]`` as ``[C, M, …]`` with zeros between the groups."""
    channels, per_group = array.shape[:2]
    dense = np.zeros((channels, per_group * groups, *array.shape[2:]), array.dtype)
    for group, block in enumerate(np.split(array, groups)):
        rows = slice(group * channels // groups, (group + 1) * channels // groups)
        dense[rows, group * per_group : (group + 1) * per_group] = block
    return dense


def _no_dilations(node: Node, b: Builder) -> Replacement | None:
    """A dilated kernel is one with zeros in between."""
    weights = node.inputs[1]
    window = window_of(node, b.shape(weights)[2:])
    if set(window.dilations) == {1} or len(window.kernel) != 2:
        return None
    array = b.constant(weights)
    assert array is not None
    spread = np.zeros((*array.shape[:2], *window.extents), array.dtype)
    spread[:, :, :: window.dilations[0], :: window.dilations[1]] = array
    return b.again(
        node, node.inputs[0], spread, *node.inputs[2:], kernel_shape=window.extents, dilations=(1, 1)
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


RULES = (
    Rule(name="conv-transpose-constant-operands", ops=("ConvTranspose",), apply=_constant_operands),
    Rule(name="conv-transpose-1d", ops=("ConvTranspose",), apply=_two_dimensional),
    Rule(name="conv-transpose-groups", ops=("ConvTranspose",), apply=_one_group),
    Rule(name="conv-transpose-dilations", ops=("ConvTranspose",), apply=_no_dilations),
    Rule(name="conv-transpose-padding", ops=("ConvTranspose",), apply=_padding),
)
