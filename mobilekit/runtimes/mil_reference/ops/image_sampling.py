"""resample, affine and crop_resize.

Sources: iOS15, iOS16 and iOS17 ``image_resizing`` of the documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.grids import folded, points, sample, unnormalised
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("resample")
def resample(call: Call) -> Array:
    """``x`` [b, c, h, w] at ``coordinates`` [b, h2, w2, 2] of (x, y) -> [b, c, h2, w2]."""
    x, at = call["x"], call["coordinates"].astype(np.float32)
    mode, align = call.text("coordinates_mode"), call.flag("align_corners")
    outside = call.text("padding_mode")
    if outside not in {"constant", "border", "reflection", "symmetric"}:
        call.refuse(f"padding_mode {outside!r}")
    columns, rows = (
        folded(unnormalised(at[..., i], x.shape[3 - i], mode, align_corners=align), x.shape[3 - i], outside)
        for i in (0, 1)
    )
    nearest = call.text("sampling_mode") == "nearest"
    return sample(x, columns, rows, nearest=nearest, outside=call.number("padding_value"))


@implements("affine")
def affine(call: Call) -> Array:
    """``x`` [b, c, h, w] at (a0 x + a1 y + a2, b0 x + b1 y + b2) for each point (x, y) of the output's grid.

    Coordinates run from -1 to 1 between the corners' centres, on both sides: all that the operation allows.
    """
    x, matrix = call["x"], call["transform_matrix"]
    for name, only in (("padding_mode", "constant"), ("sampling_mode", "bilinear")):
        if call.text(name).lower() != only:
            call.refuse(f"{name} {call.text(name)!r}; expected {only}")
    height, width = call.integer("output_height"), call.integer("output_width")
    down, right = (np.linspace(-1, 1, n) if n > 1 else np.asarray([-1.0]) for n in (height, width))
    grid = np.stack(
        [np.tile(right, (height, 1)), np.tile(down[:, None], (1, width)), np.ones((height, width))]
    )
    rows_of = np.broadcast_to(matrix, (x.shape[0], 6)).reshape(-1, 2, 3)
    moved = np.einsum("bij,jhw->bihw", rows_of.astype(np.float32), grid.astype(np.float32))
    mode, align = call.text("coordinates_mode").lower(), call.flag("align_corners")
    columns, rows = (unnormalised(moved[:, i], x.shape[3 - i], mode, align_corners=align) for i in (0, 1))
    return sample(x, columns, rows, nearest=False, outside=call.number("padding_value"))


@implements("crop_resize")
def crop_resize(call: Call) -> Array:
    """Boxes of every image of ``x`` [b, c, h, w], resized -> [n, b, c, height, width].

    ``roi`` is [n, 1, 4, 1, 1], or [n, 1, 5, 1, 1] with the image's index first -> [n, 1, c, height, width].
    """
    x, roi = call["x"], call["roi"].reshape(call["roi"].shape[0], -1)
    results = []
    for box in roi:
        images = x if len(box) == 4 else x[int(box[0])][None]
        results.append(_cropped(call, images, box[-4:]))
    return np.stack(results)


@implements("crop_resize", since="iOS17")
def crop_resize_of_images(call: Call) -> Array:
    """Box i of ``boxes`` [n, 4] of the image ``box_indices[i]`` of ``x`` [b, c, h, w] -> [n, c, height,
    width].
    """
    x, boxes = call["x"], call["boxes"]
    chosen = call["box_indices"]
    indices = range(len(boxes)) if chosen is None else np.asarray(chosen).reshape(-1)
    return np.concatenate(
        [_cropped(call, x[int(i)][None], box) for i, box in zip(indices, boxes, strict=True)]
    )


def _cropped(call: Call, images: Array, box: Array) -> Array:
    """One box of [b, c, h, w] -> [b, c, height, width].

    Points beyond the image are ``pad_value`` (0 before iOS16), without a transition.
    """
    (top, bottom), (left, right) = _sides(call.text("box_coordinate_mode", "CORNERS_HEIGHT_FIRST"), box)
    height, width = images.shape[2:]
    normalised = call.flag("normalized_coordinates")
    by = call.number("spatial_scale", 1.0)
    rows = _line(call, top, bottom, by * (height - 1 if normalised else 1), "target_height")
    columns = _line(call, left, right, by * (width - 1 if normalised else 1), "target_width")
    shape = (len(images), len(rows), len(columns))
    inside = ((rows >= 0) & (rows <= height - 1))[:, None] & (columns >= 0) & (columns <= width - 1)
    values = sample(
        images,
        np.broadcast_to(columns[None, None, :], shape),
        np.broadcast_to(rows[None, :, None], shape),
        nearest=False,
        outside=0.0,
    )
    return np.where(inside, values, np.float32(call.number("pad_value", 0.0)))


def _line(call: Call, start: float, end: float, scale: float, count: str) -> Array:
    """Points between two sides of a box; a box whose end is before its start runs backwards."""
    begin, length = start * scale, (end - start) * scale
    mode = call.text("sampling_mode", "DEFAULT")
    steps = points(mode, abs(length) + 1, call.integer(count, 1))
    # The box's numbers are float32 at most: a corner that is meant to lie on the last row stays there.
    return np.round(begin + np.copysign(1.0, length) * steps, 5)


def _sides(mode: str, box: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    """((top, bottom), (left, right)) of a box as ``mode`` writes it."""
    one, two, three, four = (float(each) for each in box)
    if mode.endswith("WIDTH_FIRST"):
        one, two, three, four = two, one, four, three
    if mode.startswith("CORNERS"):
        return (one, three), (two, four)
    if mode.startswith("CENTER_SIZE"):
        return (one - three / 2, one + three / 2), (two - four / 2, two + four / 2)
    message = f"box_coordinate_mode {mode!r}"
    raise ValueError(message)
