"""Convolutions over one, two or three axes: MIL says them as ONNX does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation


@lowers("Conv", since=11)
def conv(
    op: Operation,
    x: str,
    w: str,
    b: str | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] = (),
    group: int = 1,
    kernel_shape: Sequence[int] = (),
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> None:
    """``conv``; weights at run time have no dilations in MIL."""
    _check(op, auto_pad, w, kernel_shape)
    if not op.is_constant(w) and any(d != 1 for d in dilations):
        op.refuse("dilated weights computed at run time", hint="leave the dilations out")
    window = _window(op, x, dilations, pads, strides)
    op.result(op.add("conv", x=op.input(x), weight=op.input(w), bias=_bias(op, b), groups=group, **window))


@lowers("ConvTranspose", since=11)
def conv_transpose(
    op: Operation,
    x: str,
    w: str,
    b: str | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] = (),
    group: int = 1,
    kernel_shape: Sequence[int] = (),
    output_padding: Sequence[int] = (),
    output_shape: Sequence[int] = (),
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> None:
    """``conv_transpose``, whose pads are cut from the full result on either side."""
    _check(op, auto_pad, w, kernel_shape)
    if any(output_padding) or output_shape:
        op.refuse("output_padding and output_shape are legalised before, not emitted")
    if not op.is_constant(w) and op.opset in ("iOS15", "iOS16"):
        op.refuse(f"weights computed at run time in {op.opset}", hint="ask for opset iOS17")
    window = _window(op, x, dilations, pads, strides)
    var = op.add(
        "conv_transpose", x=op.input(x), weight=op.input(w), bias=_bias(op, b), groups=group, **window
    )
    op.result(var)


def _check(op: Operation, auto_pad: str, w: str, kernel_shape: Sequence[int]) -> None:
    if auto_pad != "NOTSET":
        op.refuse(f"auto_pad {auto_pad} is legalised before, not emitted")
    if kernel_shape and tuple(kernel_shape) != op.shape(w)[2:]:
        op.refuse(f"kernel_shape {tuple(kernel_shape)} of weights {list(op.shape(w))}")


def _bias(op: Operation, b: str | None) -> Any:
    """MIL's bias is a constant vector, in every opset."""
    if b is None:
        return None
    op.constant(b)
    return op.input(b)


def _window(
    op: Operation, x: str, dilations: Sequence[int], pads: Sequence[int], strides: Sequence[int]
) -> dict[str, Any]:
    axes = len(op.shape(x)) - 2
    ones = [1] * axes
    given: dict[str, Any] = {
        "strides": list(strides or ones), "dilations": list(dilations or ones), "pad_type": "valid"
    }  # fmt: skip
    if any(pads):
        given.update(pad_type="custom", pad=interleaved(pads))
    return given


def interleaved(pads: Sequence[int]) -> list[int]:
    """ONNX's pads (all before, then all after) in MIL's order: before and after of each axis."""
    half = len(pads) // 2
    return [p for pair in zip(pads[:half], pads[half:], strict=True) for p in pair]
