"""Kernels, strides, dilations and pads of windows that fit into an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.fuzz.draft import Draft


@dataclass
class Window:
    """What a window's attributes say, an entry per axis."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    pads: list[int]
    auto_pad: str | None

    def attributes(self, d: Draft, *, kernel: bool, dilations: bool = True) -> dict[str, Any]:
        """What is written in the node: what is the default may be left out."""
        given: dict[str, Any] = {"auto_pad": self.auto_pad}
        if kernel or d.choose.chance(80):
            given["kernel_shape"] = self.kernel
        if any(s != 1 for s in self.strides) or d.choose.chance(30):
            given["strides"] = self.strides
        if dilations and (any(s != 1 for s in self.dilations) or d.choose.chance(30)):
            given["dilations"] = self.dilations
        if self.auto_pad in (None, "NOTSET") and (any(self.pads) or d.choose.chance(30)):
            given["pads"] = self.pads
        return given


def window(d: Draft, sizes: tuple[int, ...], *, dilate: bool = True, below_kernel: bool = False) -> Window:
    """A window over axes of ``sizes``; ``below_kernel`` keeps pads smaller than the kernel, as pools want."""
    axes = range(len(sizes))
    kernel = [d.choose.integer(1, min(4, s + 1)) for s in sizes]
    strides = [d.choose.integer(1, 3) for _ in axes]
    dilated = dilate and d.choose.chance(25)
    dilations = [d.choose.integer(1, 3) if dilated else 1 for _ in axes]
    auto_pad = d.choose.of([None, None, None, "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
    pads = [0] * 2 * len(sizes)
    if d.choose.chance(60):
        most = [min(2, k - 1) if below_kernel else 2 for k in kernel]
        pads = [d.choose.integer(0, m) for m in (*most, *most)]
    if d.choose.chance(40):
        pads = [*pads[: len(sizes)], *pads[: len(sizes)]]
    return Window(kernel, strides, dilations, pads, auto_pad)
