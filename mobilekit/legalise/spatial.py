"""Windows sliding over images: pads, sizes and when they are what TFLite calls SAME."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mobilekit.legalise.node import Node

Pads = tuple[tuple[int, int], ...]
"""(before, after) per spatial axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A kernel sliding over the spatial axes of an NC… tensor."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]

    @property
    def extents(self) -> tuple[int, ...]:
        """How many cells the dilated kernel spans, per axis."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True))

    def over(self, *axes: int) -> Window:
        """The same window over some of its spatial axes only."""
        return Window(
            kernel=tuple(self.kernel[a] for a in axes),
            strides=tuple(self.strides[a] for a in axes),
            dilations=tuple(self.dilations[a] for a in axes),
        )


def window_of(node: Node, kernel: Sequence[int] | None = None) -> Window:
    """The node's window; ``kernel`` where it is told by the weights."""
    shape = tuple(node["kernel_shape"] or kernel or ())
    ones = (1,) * len(shape)
    return Window(
        kernel=shape,
        strides=tuple(node["strides"] or ones),
        dilations=tuple(node.attributes.get("dilations") or ones),
    )


def onnx_pads(node: Node, window: Window, sizes: Sequence[int]) -> Pads:
    """The node's pads with ``auto_pad`` resolved for inputs of ``sizes``."""
    mode = node["auto_pad"]
    rank = len(sizes)
    if mode in ("NOTSET", "", None):
        pads = node["pads"] or (0,) * 2 * rank
        return tuple(zip(pads[:rank], pads[rank:], strict=True))
    if mode == "VALID":
        return ((0, 0),) * rank
    same = same_pads(window, sizes)
    return same if mode == "SAME_UPPER" else tuple((after, before) for before, after in same)


def same_pads(window: Window, sizes: Sequence[int]) -> Pads:
    """The pads of TFLite's SAME: out = ceil(in / stride), the odd cell after (also SAME_UPPER)."""
    pads = []
    for size, extent, stride in zip(sizes, window.extents, window.strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + extent - size, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def is_tflite_padding(pads: Pads, window: Window, sizes: Sequence[int]) -> bool:
    """Whether ``pads`` are none at all (VALID) or exactly SAME."""
    return not any(map(any, pads)) or pads == same_pads(window, sizes)


def flat(pads: Pads) -> tuple[int, ...]:
    """Pads in ONNX's order: all before, then all after."""
    return (*(b for b, _ in pads), *(a for _, a in pads))


def full(pads: Pads) -> list[int]:
    """The ``pads`` operand of a Pad over N, C and the spatial axes."""
    return list(flat(((0, 0), (0, 0), *pads)))


def outputs_of(window: Window, sizes: Sequence[int], pads: Pads) -> tuple[int, ...]:
    """Output sizes, rounding down."""
    return tuple(
        (size + before + after - extent) // stride + 1
        for size, (before, after), extent, stride in zip(
            sizes, pads, window.extents, window.strides, strict=True
        )
    )
