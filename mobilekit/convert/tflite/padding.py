"""The two paddings that TFLite's windowed operators know, recognised in ONNX's pads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.convert.tflite.operation import Operation


def same_pads(
    size: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[int]:
    """The pads of TFLite's SAME in ONNX order: (begin H, begin W, end H, end W)."""
    begins, ends = [], []
    for length, taps, stride, dilation in zip(size, kernel, strides, dilations, strict=True):
        extent = (taps - 1) * dilation + 1
        total = max((-(-length // stride) - 1) * stride + extent - length, 0)
        begins.append(total // 2)
        ends.append(total - total // 2)
    return begins + ends


def padding_of(
    op: Operation,
    value: str,
    kernel: Sequence[int],
    *,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[int] | None,
    auto_pad: str,
) -> str:
    """``VALID`` or ``SAME`` for windows over the spatial axes of ``value``; other pads are refused."""
    if auto_pad == "VALID" or (auto_pad == "NOTSET" and not any(pads or ())):
        return "VALID"
    expected = same_pads(op.shape(value)[2:], kernel, strides, dilations)
    if auto_pad == "SAME_UPPER" or (auto_pad == "NOTSET" and list(pads or ()) == expected):
        return "SAME"
    return op.refuse(f"pads {list(pads or ())} are neither none nor SAME {expected} (auto_pad={auto_pad})")
