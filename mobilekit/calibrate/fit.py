"""Pixels → an image input's tensor: framing, colour order, scaling, layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.framing import Framing
from mobilekit.errors import DescriptionError
from mobilekit.tensors import Layout

if TYPE_CHECKING:
    import numpy.typing as npt

    from mobilekit.calibrate.framing import Box
    from mobilekit.description import TensorDescription
    from mobilekit.tensors import Array, TensorSpec

    Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFit:
    """How photos become one image input: ``batch`` pictures cut by ``framing``, scaled by ``table``.

    ``table`` has shape (channels, 256): the value of each byte of each channel, in the input's dtype.
    """

    batch: int
    framing: Framing
    layout: Layout
    color: str
    shape: tuple[int, ...]
    table: Array

    @property
    def height(self) -> int:
        """Rows of the input's pictures."""
        return self.framing.height

    @property
    def width(self) -> int:
        """Columns of the input's pictures."""
        return self.framing.width

    def crop(self, pixels: Pixels, face: Box | None = None) -> Pixels:
        """The part of ``pixels`` that the input shows, at its size: H×W×3 uint8."""
        return self.framing.picture(pixels, face)

    def tensor(self, crops: list[Pixels]) -> Array:
        """The input's value, exactly of its shape and dtype, from ``batch`` crops."""
        entries = [self._entry(crop) for crop in crops]
        return np.ascontiguousarray(np.stack(entries)).reshape(self.shape)

    def _entry(self, crop: Pixels) -> Array:
        planes = [table[plane] for table, plane in zip(self.table, self._planes(crop), strict=True)]
        return np.stack(planes, axis=0 if self.layout is Layout.NCHW else -1)

    def _planes(self, crop: Pixels) -> list[Pixels]:
        if self.color == "gray":
            from PIL import Image

            return [np.asarray(Image.fromarray(crop).convert("L"))]
        red, green, blue = (crop[..., channel] for channel in range(3))
        return [red, green, blue] if self.color == "rgb" else [blue, green, red]


def image_fit(spec: TensorSpec, description: TensorDescription) -> ImageFit:
    """How photos become the input ``spec``. Raises DescriptionError where the description does not fit."""
    batched = spec.shape if len(spec.shape) == 4 else (1, *spec.shape)
    layout = description.layout_of(batched) if len(batched) == 4 else None
    if layout is None:
        message = f"input {spec.name} of shape {list(spec.shape)} has no {description.color} image layout"
        hint = f'set layout = "nchw" or "nhwc" (and color) in [inputs.{spec.name}], or kind = "array"'
        raise DescriptionError(message, hint=hint)
    batch, *sides = batched
    channels = sides.pop(0 if layout is Layout.NCHW else 2)
    if channels != description.channels:
        message = (
            f"input {spec.name} of shape {list(spec.shape)} has {channels} channels in layout {layout},"
            f" {description.channels} expected for color {description.color!r}"
        )
        raise DescriptionError(message, hint=f"correct color or layout in [inputs.{spec.name}]")
    return ImageFit(
        batch=batch,
        framing=Framing(
            height=sides[0],
            width=sides[1],
            crop=description.crop,
            pad=description.pad,
            face_size=description.face_size,
            face_center=description.face_center,
        ),
        layout=layout,
        color=description.color,
        shape=spec.shape,
        table=_table(spec, description),
    )


def _table(spec: TensorSpec, description: TensorDescription) -> Array:
    """The value of every byte, per channel: (v - mean) / std rounded once, to the input's dtype."""
    mean, std = scaling(spec, description)
    exact = (np.arange(256.0)[None, :] - np.array(mean)[:, None]) / np.array(std)[:, None]
    with np.errstate(invalid="ignore"):
        table = exact.astype(spec.dtype.value)
    if not spec.dtype.is_float and not np.array_equal(table.astype(np.float64), exact):
        message = f"image input {spec.name} is {spec.dtype}, which cannot hold the values of its range"
        hint = f"range = [0, 255] fits uint8, [-128, 127] fits int8: correct [inputs.{spec.name}]"
        raise DescriptionError(message, hint=hint)
    return table


def scaling(spec: TensorSpec, description: TensorDescription) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """``(mean, std)`` per channel in 0…255 units. Raises DescriptionError if they are not all said."""
    where = f"[inputs.{spec.name}]"
    hint = f"give {where} range = [black, white], or mean = […] and std = […] in 0…255 units"
    if (description.mean is None) != (description.std is None):
        message = f"{where} has only one of mean and std"
        raise DescriptionError(message, hint=hint)
    if description.range is None and description.mean is None and spec.dtype.is_float:
        message = f"{where} does not say the values of black and white"
        raise DescriptionError(message, hint=hint)
    if description.range is not None and description.range[0] == description.range[1]:
        message = f"{where} range {list(description.range)} is empty"
        raise DescriptionError(message, hint=hint)
    mean, std = description.affine()
    channels = description.channels
    if len(mean) != channels or len(std) != channels or not all(std):
        got = f"{list(mean)} and {list(std)}"
        message = f"{where} needs {channels} values each in mean and std (std not 0), got {got}"
        raise DescriptionError(message, hint=hint)
    return mean, std
