"""Which part of a photo an image input shows, and the antialiased resize to its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from mobilekit.description import Crop

    Pixels = npt.NDArray[np.uint8]

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of a photo's width and height."""

_REDUCING_GAP = 3.0
_BLACK = (0.0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The part of a photo that a picture shows, in the photo's pixels; a letterbox reaches beyond it."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How a photo becomes ``height``×``width`` pixels; the keys of its table are explained there."""

    height: int
    width: int
    crop: Crop = "center"
    pad: tuple[float, ...] | None = None
    face_size: float = 0.5
    face_center: tuple[float, float] = (0.5, 0.5)

    def window(self, rows: int, columns: int, face: Box | None = None) -> Window:
        """The part of a photo of that size that is shown; ``face`` counts for ``crop = "face"`` only."""
        if self.crop == "none":
            return self._whole(rows, columns)
        if self.crop == "face" and face is not None:
            return self._around(face, rows, columns)
        return self._centre(rows, columns)

    def picture(self, pixels: Pixels, face: Box | None = None) -> Pixels:
        """The picture: height×width×3 uint8."""
        if self.crop == "none" and self.pad is not None:
            return self._letterboxed(pixels)
        window = self.window(pixels.shape[0], pixels.shape[1], face)
        box = (window.left, window.top, window.left + window.width, window.top + window.height)
        return _resized(pixels, self.height, self.width, box)

    def _centre(self, rows: int, columns: int) -> Window:
        """The largest centred window of the picture's aspect."""
        scale = min(rows / self.height, columns / self.width)
        width, height = self.width * scale, self.height * scale
        return Window(left=(columns - width) / 2, top=(rows - height) / 2, width=width, height=height)

    def _around(self, face: Box, rows: int, columns: int) -> Window:
        """The face at its place and size; where the photo ends, moved, and smaller if it must be."""
        left, top, right, bottom = face
        height = max((bottom - top) * rows, 1.0) / self.face_size
        width = height * self.width / self.height
        fit = min(1.0, rows / height, columns / width)
        height, width = height * fit, width * fit
        across, down = self.face_center
        x = (left + right) / 2 * columns - across * width
        y = (top + bottom) / 2 * rows - down * height
        return Window(
            left=min(max(x, 0.0), columns - width),
            top=min(max(y, 0.0), rows - height),
            width=width,
            height=height,
        )

    def _whole(self, rows: int, columns: int) -> Window:
        if self.pad is None:
            return Window(left=0.0, top=0.0, width=columns, height=rows)
        left, top, width, height = self._inner(rows, columns)
        across, down = columns / width, rows / height
        return Window(
            left=-left * across, top=-top * down, width=self.width * across, height=self.height * down
        )

    def _inner(self, rows: int, columns: int) -> tuple[int, int, int, int]:
        """Left, top, width and height of the photo within its letterbox, in the picture's pixels."""
        scale = min(self.height / rows, self.width / columns)
        width = min(self.width, max(1, round(columns * scale)))
        height = min(self.height, max(1, round(rows * scale)))
        return (self.width - width) // 2, (self.height - height) // 2, width, height

    def _letterboxed(self, pixels: Pixels) -> Pixels:
        rows, columns = pixels.shape[:2]
        left, top, width, height = self._inner(rows, columns)
        canvas = np.empty((self.height, self.width, 3), np.uint8)
        canvas[:] = np.rint(self.pad or _BLACK).astype(np.uint8)
        inner = _resized(pixels, height, width, (0.0, 0.0, columns, rows))
        canvas[top : top + height, left : left + width] = inner
        return canvas


def crop_and_resize(pixels: Pixels, height: int, width: int) -> Pixels:
    """The largest centred window of the aspect ``width``:``height``, antialiased to that size."""
    return Framing(height=height, width=width).picture(pixels)


def _resized(pixels: Pixels, height: int, width: int, box: Box) -> Pixels:
    """Lanczos, after an integer box reduction where the box is much larger than the result."""
    from PIL import Image

    rows, columns = pixels.shape[:2]
    # Where the box fills the photo, rounding must not put it a hair outside.
    left, top, right, bottom = box
    inside = (max(0.0, left), max(0.0, top), min(right, columns), min(bottom, rows))
    image = Image.fromarray(pixels)
    resized = image.resize((width, height), Image.Resampling.LANCZOS, box=inside, reducing_gap=_REDUCING_GAP)
    return np.asarray(resized)
