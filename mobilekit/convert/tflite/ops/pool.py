"""Pools over the two spatial axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mobilekit.convert.optable import lowers
from mobilekit.convert.tflite.padding import padding_of

if TYPE_CHECKING:
    from mobilekit.convert.tflite.operation import Operation


@lowers("MaxPool", since=12, layout="channels_last", int8="same-scale", fuses=True)
def max_pool(
    op: Operation,
    x: str,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: Sequence[int] | None = None,
    kernel_shape: Sequence[int] = (),
    pads: Sequence[int] | None = None,
    storage_order: int = 0,
    strides: Sequence[int] | None = None,
) -> None:
    """MAX_POOL_2D; ``storage_order`` only concerns the indices, which are refused."""
    del storage_order
    if any(d != 1 for d in dilations or ()) or len(op.fused.node.output) > 1:
        op.refuse("dilations and the Indices output have no exact lowering")
    _pool(op, "MAX_POOL_2D", x, kernel_shape, strides, pads, auto_pad, ceil_mode)


@lowers("AveragePool", since=19, layout="channels_last", int8="same-scale", fuses=True)
def average_pool(
    op: Operation,
    x: str,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: Sequence[int] | None = None,
    kernel_shape: Sequence[int] = (),
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> None:
    """AVERAGE_POOL_2D, which leaves padding out of the mean."""
    if any(d != 1 for d in dilations or ()):
        op.refuse("dilations have no exact lowering")
    if count_include_pad and (any(pads or ()) or auto_pad.startswith("SAME")):
        op.refuse("count_include_pad=1 with pads is legalised before, not emitted")
    _pool(op, "AVERAGE_POOL_2D", x, kernel_shape, strides, pads, auto_pad, ceil_mode)


def _pool(
    op: Operation,
    kind: str,
    x: str,
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    pads: Sequence[int] | None,
    auto_pad: str,
    ceil_mode: int,
) -> None:
    if len(op.shape(x)) != 4:
        op.refuse("pools are over two axes")
    steps = list(strides or (1, 1))
    if ceil_mode and any(
        (size - taps) % step for size, taps, step in zip(op.shape(x)[2:], kernel, steps, strict=True)
    ):
        op.refuse("ceil_mode=1 with a partial last window is legalised before, not emitted")
    padding = padding_of(op, x, kernel, strides=steps, dilations=(1, 1), pads=pads, auto_pad=auto_pad)
    op.add(
        kind,
        (op.input(x),),
        (op.result(),),
        padding=padding,
        strideH=steps[0],
        strideW=steps[1],
        filterHeight=kernel[0],
        filterWidth=kernel[1],
        **op.activation,
    )
