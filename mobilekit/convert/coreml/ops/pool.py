"""Pools over one, two or three axes. Global pools are reductions; ceil_mode is a matter of pads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.coreml.ops.conv import interleaved
from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation


@lowers("MaxPool", since=12)
def max_pool(
    op: Operation,
    x: str,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: Sequence[int] = (),
    kernel_shape: Sequence[int] = (),
    pads: Sequence[int] = (),
    storage_order: int = 0,
    strides: Sequence[int] = (),
) -> None:
    """``max_pool``; pads never win. 8-bit integers, exact in float, are pooled as such."""
    if any(op.outputs[1:]) or storage_order:
        op.refuse("indices are legalised before, not emitted")
    window = _window(op, auto_pad, ceil_mode, dilations, kernel_shape, pads, strides)
    if op.tensor_dtype(x).kind == "f":
        op.result(op.add("max_pool", x=op.input(x), **window))
        return
    if op.tensor_dtype(x).itemsize > 2:
        op.refuse(f"its elements are of type {op.tensor_dtype(x).name}", hint="cast to float before it")
    floats = op.add("cast", x=op.input(x), dtype="fp32")
    op.result(op.add("cast", x=op.add("max_pool", x=floats, **window), dtype="int32"))


@lowers("AveragePool", since=19)
def average_pool(
    op: Operation,
    x: str,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: Sequence[int] = (),
    kernel_shape: Sequence[int] = (),
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> None:
    """``avg_pool``, whose divisor counts the pads or does not."""
    window = _window(op, auto_pad, ceil_mode, dilations, kernel_shape, pads, strides)
    exclude = np.bool_(not count_include_pad) if any(pads) else None
    op.result(op.add("avg_pool", x=op.input(x), exclude_padding_from_average=exclude, **window))


def _window(
    op: Operation,
    auto_pad: str,
    ceil_mode: int,
    dilations: Sequence[int],
    kernel: Sequence[int],
    pads: Sequence[int],
    strides: Sequence[int],
) -> dict[str, Any]:
    if auto_pad != "NOTSET" or ceil_mode or any(d != 1 for d in dilations):
        op.refuse("auto_pad, ceil_mode and dilations are legalised before, not emitted")
    given: dict[str, Any] = {
        "kernel_sizes": list(kernel), "strides": list(strides or [1] * len(kernel)), "pad_type": "valid"
    }  # fmt: skip
    if any(pads):
        given.update(pad_type="custom", pad=interleaved(pads))
    return given
