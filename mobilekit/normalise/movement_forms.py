"""What a map of element numbers is: an upsampling, a pixel shuffle, a padding, an order of channels.

``numbers`` are those of the source's elements in its shape [N, C, H, W], ``moved`` the number that each
element of the target has come from, in the target's shape. A form that matches is therefore proved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operator; an operand that is missing is None."""

    op: str
    attributes: dict[str, Any] = field(default_factory=dict)
    operands: tuple[Array | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The operators, one after another, that do what a chain does."""

    kind: str
    steps: tuple[Step, ...]


def plausible(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether some form below could have these shapes: a cheap look before moving numbers."""
    if shape[0] != target[0] or not all(shape) or not all(target):
        return False
    if target[1] == shape[1]:
        return all(t >= s for s, t in zip(shape[2:], target[2:], strict=True))
    return target[2] * shape[3] == target[3] * shape[2] and np.prod(shape) == np.prod(target)


def upsampling(numbers: Array, moved: Array) -> Move | None:
    """Every pixel repeated along height and width."""
    rows, columns = (moved.shape[i] // numbers.shape[i] for i in (2, 3))
    if numbers.shape[1] != moved.shape[1] or rows * columns <= 1:
        return None
    if not np.array_equal(numbers.repeat(rows, axis=2).repeat(columns, axis=3), moved):
        return None
    grid = {"coordinate_transformation_mode": "asymmetric", "mode": "nearest", "nearest_mode": "floor"}
    scales = np.array([1, 1, rows, columns], np.float32)
    step = Step(op="Resize", attributes=grid, operands=(None, scales))
    return Move(kind=f"nearest upsampling by {rows}x{columns}", steps=(step,))


def channel_order(numbers: Array, moved: Array) -> Move | None:
    """Another order of the channels; a rotation of them is two slices, and stays."""
    if numbers.shape != moved.shape:
        return None
    order = _order(moved, numbers.shape)
    count = np.arange(len(order))
    if not np.array_equal(numbers[:, order], moved) or np.array_equal(order, np.roll(count, -order[0])):
        return None
    return Move(kind="channel shuffle", steps=(_gather(order, 1),))


def _order(moved: Array, shape: tuple[int, ...]) -> Array:
    """The channel that each channel has come from, if the map is one of channels; else anything."""
    return (moved[0, :, 0, 0] // (shape[2] * shape[3]) % shape[1]).astype(np.int64)


def _gather(order: Array, axis: int) -> Step:
    return Step(op="Gather", attributes={"axis": axis}, operands=(order.astype(np.int64),))


def pixel_shuffle(numbers: Array, moved: Array) -> Move | None:
    """Channels to pixels, in either of ONNX's orders of channels or in any other."""
    batch, channels, height, width = numbers.shape
    block = moved.shape[2] // height
    if block < 2 or moved.shape != (batch, channels // block**2, height * block, width * block):
        return None
    depth = channels // block**2
    forms = {
        "DCR": numbers.reshape(batch, block, block, depth, height, width).transpose(0, 3, 4, 1, 5, 2),
        "CRD": numbers.reshape(batch, depth, block, block, height, width).transpose(0, 1, 4, 2, 5, 3),
    }
    for mode, form in forms.items():
        if np.array_equal(form.reshape(moved.shape), moved):
            step = Step(op="DepthToSpace", attributes={"blocksize": block, "mode": mode})
            return Move(kind=f"pixel shuffle {mode}", steps=(step,))
    back = moved.reshape(batch, depth, height, block, width, block).transpose(0, 3, 5, 1, 2, 4)
    order = _order(back.reshape(numbers.shape), numbers.shape)
    if not np.array_equal(numbers[:, order], back.reshape(numbers.shape)):
        return None
    step = Step(op="DepthToSpace", attributes={"blocksize": block, "mode": "DCR"})
    return Move(kind="pixel shuffle", steps=(_gather(order, 1), step))


def pixel_unshuffle(numbers: Array, moved: Array) -> Move | None:
    """Pixels to channels, in ONNX's order of channels or in any other."""
    batch, channels, height, width = numbers.shape
    block = height // moved.shape[2] if moved.shape[2] else 0
    if block < 2 or moved.shape != (batch, channels * block**2, height // block, width // block):
        return None
    if (height % block, width % block) != (0, 0):
        return None
    parts = numbers.reshape(batch, channels, height // block, block, width // block, block)
    form = parts.transpose(0, 3, 5, 1, 2, 4).reshape(moved.shape)
    step = Step(op="SpaceToDepth", attributes={"blocksize": block})
    if np.array_equal(form, moved):
        return Move(kind="pixel unshuffle", steps=(step,))
    place = {int(number): at for at, number in enumerate(form[0, :, 0, 0])}
    order = np.array([place.get(int(number), 0) for number in moved[0, :, 0, 0]])
    if not np.array_equal(form[:, order], moved):
        return None
    return Move(kind="pixel unshuffle", steps=(step, _gather(order, 1)))


def padding(numbers: Array, moved: Array) -> Move | None:
    """Borders that repeat, reflect or continue the map on its other side."""
    if numbers.shape[:2] != moved.shape[:2] or numbers.shape == moved.shape:
        return None
    places = _rows_and_columns(numbers, moved)
    if places is None:
        return None
    for mode in ("reflect", "edge", "wrap"):
        pads = [_pads(size, place, mode) for size, place in zip(numbers.shape[2:], places, strict=True)]
        if all(p is not None for p in pads):
            (top, bottom), (left, right) = (p for p in pads if p is not None)
            operand = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
            step = Step(op="Pad", attributes={"mode": mode}, operands=(operand,))
            return Move(kind=f"{mode} padding", steps=(step,))
    return None


def _rows_and_columns(numbers: Array, moved: Array) -> tuple[Array, Array] | None:
    """The row and the column that each row and column comes from; None where they do not separate."""
    width = numbers.shape[3]
    rows, columns = moved[0, 0, :, 0] // width, moved[0, 0, 0, :] % width
    inside = rows.max() < numbers.shape[2]
    return (rows, columns) if inside and np.array_equal(numbers[:, :, rows][..., columns], moved) else None


def _pads(size: int, places: Array, mode: Any) -> tuple[int, int] | None:
    more = len(places) - size
    if more < 0 or (mode == "reflect" and more > 2 * (size - 1)) or (mode == "wrap" and more > 2 * size):
        return None
    start = np.flatnonzero(places == 0)
    for before in [0] if not more else [int(b) for b in start if b <= more]:
        if mode == "reflect" and max(before, more - before) >= size:
            continue
        if np.array_equal(np.pad(np.arange(size), (before, more - before), mode), places):
            return before, more - before
    return None


def separable(numbers: Array, moved: Array) -> Move | None:
    """Any rows and any columns: a Gather each."""
    if numbers.shape[:2] != moved.shape[:2]:
        return None
    places = _rows_and_columns(numbers, moved)
    if places is None:
        return None
    steps = tuple(
        _gather(place, axis)
        for axis, place in zip((2, 3), places, strict=True)
        if not np.array_equal(place, np.arange(numbers.shape[axis]))
    )
    return Move(kind="rows and columns by index", steps=steps) if steps else None


FORMS: tuple[Callable[[Array, Array], Move | None], ...] = (
    upsampling, channel_order, pixel_shuffle, pixel_unshuffle, padding,
)  # fmt: skip
"""In the order in which they are tried."""
