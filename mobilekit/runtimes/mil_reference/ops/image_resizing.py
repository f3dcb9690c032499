"""upsample_*, resize_*, resize, crop. Sources: iOS15, iOS16 and iOS17 ``image_resizing`` of the
documentation.

Where the documentation is silent, the operations' tests decide: ``upsample_nearest_neighbor`` takes the
element floor(i * in / out); ``resize`` with NEAREST_NEIGHBOR the one nearest to the point of its sampling
mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.grids import floored, interpolate, points
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.windows import integers

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("upsample_nearest_neighbor", exact=True)
def upsample_nearest_neighbor(call: Call) -> Array:
    """``x`` [..., h, w] at floor(h * scale_factor_height) by floor(w * scale_factor_width)."""
    x = call["x"]
    height, width = _scaled_sizes(call, x)
    return _repeated(x, height, width)


@implements("resize_nearest_neighbor", exact=True)
def resize_nearest_neighbor(call: Call) -> Array:
    """``x`` [..., h, w] at the target size, by the elements that :func:`upsample_nearest_neighbor` takes."""
    return _repeated(call["x"], call.integer("target_size_height"), call.integer("target_size_width"))


@implements("upsample_bilinear")
def upsample_bilinear(call: Call) -> Array:
    """As :func:`upsample_nearest_neighbor`, linear. The spacing comes from the output's size, not from the
    scale.

    ``half_pixel_centers`` (iOS16) is the opposite of ``align_corners`` where it is not given; both at once
    are refused.
    """
    x = call["x"]
    align = call.flag("align_corners", True)
    given = call["half_pixel_centers"]
    half = not align if given is None else bool(given)
    if align and half:
        call.refuse("both align_corners and half_pixel_centers")
    mode = "STRICT_ALIGN_CORNERS" if align else "UNALIGN_CORNERS" if half else "DEFAULT"
    return _linear(x, mode, _scaled_sizes(call, x))


@implements("resize_bilinear")
def resize_bilinear(call: Call) -> Array:
    """``x`` [..., h, w] at the target size, linear between the points of ``sampling_mode``."""
    sizes = (call.integer("target_size_height", 1), call.integer("target_size_width", 1))
    return _linear(call["x"], call.text("sampling_mode", "DEFAULT"), sizes)


@implements("resize", since="iOS17")
def resize(call: Call) -> Array:
    """``x`` with its last ``resized_dims`` axes as the last ones of ``shape`` say; 0 there keeps an axis."""
    x, count = call["x"], call.integer("resized_dims")
    shape = integers(call["shape"], [])[-count:] if count else []
    mode = call.text("sampling_mode", "DEFAULT")
    nearest = call.text("interpolation_mode", "LINEAR") == "NEAREST_NEIGHBOR"
    value = x if nearest or x.dtype.kind == "f" else x.astype(np.float32)
    for i, size in enumerate(shape):
        axis = x.ndim - count + i
        wanted = size or x.shape[axis]
        if nearest:
            at = np.floor(points(mode, x.shape[axis], wanted) + 0.5).astype(np.int64)
            value = np.take(value, np.minimum(at, x.shape[axis] - 1), axis=axis)
        else:
            value = interpolate(value, points(mode, x.shape[axis], wanted), axis)
    return value if x.dtype.kind == "f" else value.astype(x.dtype)


@implements("crop", exact=True)
def crop(call: Call) -> Array:
    """``x`` [..., h, w] without ``crop_height`` rows above and below and ``crop_width`` columns left and
    right.
    """
    x = call["x"]
    (top, bottom), (left, right) = integers(call["crop_height"], []), integers(call["crop_width"], [])
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


def _scaled_sizes(call: Call, x: Array) -> tuple[int, int]:
    """floor(size * factor), multiplied as the program stores the factor: in float32, or in integers."""
    height, width = (np.asarray(call.get(f"scale_factor_{side}", 1)) for side in ("height", "width"))
    return int(np.floor(height.reshape(()) * x.shape[-2])), int(np.floor(width.reshape(()) * x.shape[-1]))


def _repeated(x: Array, height: int, width: int) -> Array:
    return np.take(np.take(x, floored(x.shape[-2], height), axis=-2), floored(x.shape[-1], width), axis=-1)


def _linear(x: Array, mode: str, sizes: tuple[int, int]) -> Array:
    rows = interpolate(x, points(mode, x.shape[-2], sizes[0]), x.ndim - 2)
    return interpolate(rows, points(mode, x.shape[-1], sizes[1]), x.ndim - 1)
