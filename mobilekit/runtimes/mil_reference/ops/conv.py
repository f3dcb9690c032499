"""conv, conv_quantized and conv_transpose.

Sources: iOS15 and iOS17 ``conv`` of the MIL operations' documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.kernels import convolve
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.windows import Window, integers, padding, windows

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("conv")
def conv(call: Call) -> Array:
    """``x`` [n, c, *spatial] with ``weight`` [out, c / groups, *kernel], plus ``bias`` [out]; 1 to 3 spatial
    axes.
    """
    return _conv(call, call["x"], call["weight"], call["bias"])


@implements("conv_quantized")
def conv_quantized(call: Call) -> Array:
    """:func:`conv` whose weight is ``weight * quant_scale + quant_bias``.

    Refuses a look-up table: the documentation does not say how it is stored.
    """
    kind = call.text("quantization_type")
    if kind != "linear":
        call.refuse(f"quantization_type {kind!r}: only 'linear' is documented")
    call.ignore("nbits")
    scale, shift = (_per_output(call[name], call["weight"]) for name in ("quant_scale", "quant_bias"))
    weight = call["weight"].astype(np.float32) * scale + shift
    bias = call["bias"]
    return _conv(call, call["x"], weight, None if bias is None else bias.astype(np.float32))


def _conv(call: Call, x: Array, weight: Array, bias: Array | None) -> Array:
    axes, strides, dilations = _geometry(call, x, weight)
    pad = integers(call["pad"], [0] * 2 * len(axes))
    around = padding(call.text("pad_type", "valid"), pad, axes)
    result = convolve(
        x,
        weight,
        strides=strides,
        dilations=dilations,
        pads=tuple(around),
        groups=call.integer("groups", 1),
    )
    return _plus_bias(result, bias)


@implements("conv_transpose")
def conv_transpose(call: Call) -> Array:
    """``x`` [n, c, *spatial] with ``weight`` [c, out / groups, *kernel]: what a convolution's gradient
    computes.

    The whole result, of (d - 1) * stride + extent elements along each axis, is cut by the padding; where
    ``output_shape`` (or ``same`` with a stride above the extent) asks for more, ``bias`` alone follows.
    """
    x, weight = call["x"], call["weight"]
    axes, strides, dilations = _geometry(call, x, weight)
    groups = call.integer("groups", 1)
    whole = convolve(x, weight, transposed=True, strides=strides, dilations=dilations, groups=groups)
    wanted = call["output_shape"]
    pad_type, pad = call.text("pad_type", "valid"), integers(call["pad"], [0] * 2 * len(axes))
    for i, axis in enumerate(axes):
        length = None if wanted is None else int(np.asarray(wanted).reshape(-1)[2 + i])
        begin, count = _kept(axis, pad_type, (pad[2 * i], pad[2 * i + 1]), whole.shape[2 + i], length)
        whole = _cut(whole, 2 + i, begin, count)
    return _plus_bias(whole, call["bias"])


def _kept(
    axis: Window, pad_type: str, pad: tuple[int, int], whole: int, wanted: int | None
) -> tuple[int, int]:
    """Where the result begins within the whole one, and its length."""
    if pad_type == "same":
        length = axis.size * axis.stride if wanted is None else wanted
        return max(0, whole - length) // 2, length
    before, after = pad if pad_type == "custom" else (0, 0)
    return before, whole - before - after if wanted is None else wanted


def _cut(value: Array, axis: int, begin: int, count: int) -> Array:
    part = np.take(value, range(begin, min(begin + count, value.shape[axis])), axis=axis)
    missing = count - part.shape[axis]
    if not missing:
        return part
    around = [(0, missing if i == axis else 0) for i in range(value.ndim)]
    return np.pad(part, around)


def _geometry(
    call: Call, x: Array, weight: Array
) -> tuple[tuple[Window, ...], tuple[int, ...], tuple[int, ...]]:
    ones = [1] * (x.ndim - 2)
    strides, dilations = integers(call["strides"], ones), integers(call["dilations"], ones)
    axes = windows(x.shape[2:], weight.shape[2:], strides, dilations)
    return axes, tuple(strides), tuple(dilations)


def _plus_bias(value: Array, bias: Array | None) -> Array:
    return value if bias is None else value + bias.reshape((1, -1) + (1,) * (value.ndim - 2))


def _per_output(parameter: Array, weight: Array) -> Array:
    return (
        parameter.reshape((-1,) + (1,) * (weight.ndim - 1)) if parameter.size > 1 else parameter.reshape(-1)
    )
