"""Where the windows of convolutions and pools lie: padding by ``pad_type``, output sizes.

Sources: the operations' documentation (iOS15 ``conv``, ``avg_pool``), where ``same`` puts the odd element of
padding after the data and ``same_lower`` before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One axis: ``size`` elements of data, a kernel of ``kernel`` elements ``dilation`` apart, moved by
    ``stride``.
    """

    size: int
    kernel: int
    stride: int
    dilation: int = 1

    @property
    def extent(self) -> int:
        """Elements from the kernel's first to its last."""
        return (self.kernel - 1) * self.dilation + 1

    def same(self, *, lower: bool) -> tuple[int, int]:
        """Padding before and after with which ``ceil(size / stride)`` windows fit."""
        total = max(0, (-(-self.size // self.stride) - 1) * self.stride + self.extent - self.size)
        less, more = total // 2, total - total // 2
        return (more, less) if lower else (less, more)

    def count(self, before: int, after: int, *, ceil: bool = False) -> int:
        """How many windows fit.

        With ``ceil`` a last one may hang over, but must begin within data or ``before``.
        """
        room = self.size + before + after - self.extent
        if not ceil:
            return room // self.stride + 1
        count = -(-room // self.stride) + 1
        starts_outside = (count - 1) * self.stride >= self.size + before
        return count - 1 if starts_outside and before + after > 0 else count


def windows(
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int] | None = None,
) -> tuple[Window, ...]:
    """A :class:`Window` for each spatial axis."""
    spread = [1] * len(sizes) if dilations is None else dilations
    rows = zip(sizes, kernel, strides, spread, strict=True)
    return tuple(Window(size=int(n), kernel=int(k), stride=int(s), dilation=int(d)) for n, k, s, d in rows)


def padding(pad_type: str, pad: Sequence[int], axes: Sequence[Window]) -> list[tuple[int, int]]:
    """Padding before and after each axis. ``pad`` counts only where ``pad_type`` is ``custom``."""
    if pad_type == "custom":
        return [(int(pad[2 * i]), int(pad[2 * i + 1])) for i in range(len(axes))]
    if pad_type == "valid":
        return [(0, 0)] * len(axes)
    if pad_type in {"same", "same_lower"}:
        return [axis.same(lower=pad_type == "same_lower") for axis in axes]
    message = f"pad_type {pad_type!r}; expected valid, same, same_lower or custom"
    raise ValueError(message)


def integers(value: Array | Sequence[int] | None, default: Sequence[int]) -> list[int]:
    """A vector of integers as a list; ``default`` where the argument is absent."""
    return [int(each) for each in (default if value is None else np.asarray(value).reshape(-1))]
