"""Shapes and orders: iOS15 to iOS17 ``tensor_transformation.py`` without what slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("expand_dims", exact=True)
def expand_dims(call: Call) -> Array:
    """Axes of size 1 at ``axes`` of the result."""
    return np.expand_dims(call["x"], call.integers("axes") or ())


@implements("squeeze", exact=True)
def squeeze(call: Call) -> Array:
    """Without those of ``axes`` (all if absent) that have size 1; others stay, as in PyTorch."""
    x, axes = call["x"], call.integers("axes")
    asked = range(x.ndim) if axes is None else [axis % x.ndim for axis in axes]
    return np.squeeze(x, tuple(axis for axis in asked if x.shape[axis] == 1))


@implements("reshape", exact=True)
def reshape(call: Call) -> Array:
    """The same elements in ``shape``: −1 takes what is left, 0 the size of the same axis of ``x``."""
    x, shape = call["x"], call.integers("shape") or ()
    if 0 in shape and len(shape) != x.ndim and x.size:
        call.refuse(f"0 in shape {list(shape)} for rank {x.ndim}")
    return x.reshape([d or x.shape[i] for i, d in enumerate(shape)] if len(shape) == x.ndim else shape)


@implements("reshape", since="iOS17", exact=True)
def reshape_from_the_right(call: Call) -> Array:
    """As before, but a 0 counts axes from the right, and is 1 where ``x`` has none."""
    x, shape = call["x"], call.integers("shape") or ()
    offset = x.ndim - len(shape)
    sizes = [d or (x.shape[i + offset] if i + offset >= 0 else 1) for i, d in enumerate(shape)]
    return x.reshape(sizes)


@implements("reshape_like", since="iOS16", exact=True)
def reshape_like(call: Call) -> Array:
    """The same elements in a shape put together from those of ``ref_tensors``."""
    begins, ends, masks = (call.many(name) for name in ("begins", "ends", "end_masks"))
    shape: list[int] = []
    for reference, begin, end, to_end in zip(call.many("ref_tensors"), begins, ends, masks, strict=True):
        shape += reference.shape[int(begin) : None if bool(to_end) else int(end)]
    return call["x"].reshape(shape)


@implements("transpose", exact=True)
def transpose(call: Call) -> Array:
    """Axis i of the result is axis ``perm[i]`` of ``x``."""
    return np.transpose(call["x"], call.integers("perm"))


@implements("reverse", exact=True)
def reverse(call: Call) -> Array:
    """Backwards along ``axes`` (all if absent)."""
    return np.flip(call["x"], call.integers("axes"))


@implements("reverse_sequence", exact=True)
def reverse_sequence(call: Call) -> Array:
    """Per index b of ``batch_axis`` the first ``lengths[b]`` elements of ``seq_axis`` backwards."""
    x, lengths = call["x"], call.integers("lengths") or ()
    sequence, batch = call.integer("seq_axis", 0), call.integer("batch_axis", 0)
    y = np.moveaxis(x.copy(), (batch, sequence), (0, 1))
    for row, length in zip(y, lengths, strict=True):
        row[:length] = row[:length][::-1].copy()
    return np.moveaxis(y, (0, 1), (batch, sequence))


@implements("depth_to_space", exact=True)
def depth_to_space(call: Call) -> Array:
    """[n, b·b·c, h, w] → [n, c, h·b, w·b]; a channel is (row in block, column in block, c)."""
    x, block = call["x"], call.integer("block_size")
    n, channels, h, w = x.shape
    parts = x.reshape(n, block, block, channels // block**2, h, w)
    return parts.transpose(0, 3, 4, 1, 5, 2).reshape(n, channels // block**2, h * block, w * block)


@implements("space_to_depth", exact=True)
def space_to_depth(call: Call) -> Array:
    """The inverse of ``depth_to_space``."""
    x, block = call["x"], call.integer("block_size")
    n, channels, h, w = x.shape
    parts = x.reshape(n, channels, h // block, block, w // block, block)
    return parts.transpose(0, 3, 5, 1, 2, 4).reshape(n, channels * block**2, h // block, w // block)


@implements("pixel_shuffle", exact=True)
def pixel_shuffle(call: Call) -> Array:
    """[n, c·f·f, h, w] → [n, c, h·f, w·f]; a channel is (c, row in block, column in block)."""
    x, factor = call["x"], call.integer("upscale_factor")
    n, channels, h, w = x.shape
    parts = x.reshape(n, channels // factor**2, factor, factor, h, w)
    return parts.transpose(0, 1, 4, 2, 5, 3).reshape(n, channels // factor**2, h * factor, w * factor)


@implements("pixel_unshuffle", since="iOS16", exact=True)
def pixel_unshuffle(call: Call) -> Array:
    """The inverse of ``pixel_shuffle``."""
    x, factor = call["x"], call.integer("downscale_factor")
    n, channels, h, w = x.shape
    parts = x.reshape(n, channels, h // factor, factor, w // factor, factor)
    return parts.transpose(0, 1, 3, 5, 2, 4).reshape(n, channels * factor**2, h // factor, w // factor)


@implements("space_to_batch", exact=True)
def space_to_batch(call: Call) -> Array:
    """H and W padded with zeros and cut into blocks; the place in the block leads the batch."""
    x, (p, q) = call["x"], call.integers("block_shape") or ()
    paddings = np.asarray(call["paddings"])
    padded = np.pad(x, ((0, 0), (0, 0), *((int(a), int(b)) for a, b in paddings)))
    n, c, h, w = padded.shape
    parts = padded.reshape(n, c, h // p, p, w // q, q).transpose(3, 5, 0, 1, 2, 4)
    return parts.reshape(n * p * q, c, h // p, w // q)


@implements("batch_to_space", exact=True)
def batch_to_space(call: Call) -> Array:
    """The inverse of ``space_to_batch``, ``crops`` taken off H and W at the end."""
    x, (p, q) = call["x"], call.integers("block_shape") or ()
    (top, bottom), (left, right) = np.asarray(call["crops"]).tolist()
    n, c, h, w = x.shape
    parts = x.reshape(p, q, n // (p * q), c, h, w).transpose(2, 3, 4, 0, 5, 1)
    whole = parts.reshape(n // (p * q), c, h * p, w * q)
    return whole[:, :, top : h * p - bottom, left : w * q - right]


@implements("sliding_windows", exact=True)
def sliding_windows(call: Call) -> Array:
    """Windows of ``size`` along ``axis``, every ``stride``: a new axis after it."""
    x, size, stride = call["x"], call.integer("size"), call.integer("stride", 1)
    axis = call.integer("axis") % x.ndim
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=axis)
    kept = windows[(slice(None),) * axis + (slice(None, None, stride),)]
    return np.moveaxis(kept, -1, axis + 1)
