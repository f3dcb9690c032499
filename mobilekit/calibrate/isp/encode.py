"""Encoded values → 8 bits, through JPEG if the camera does."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mobilekit.calibrate.isp.profile import Output

    Pixels = npt.NDArray[np.uint8]


def delivered(planes: npt.NDArray[np.float32], output: Output) -> Pixels:
    """3×H×W values 0…1 → H×W×3 uint8."""
    planes += np.float32(output.brightness)
    planes *= np.float32(255)
    np.rint(np.clip(planes, 0, 255, out=planes), out=planes)
    pixels = np.ascontiguousarray(planes.astype(np.uint8).transpose(1, 2, 0))
    return pixels if output.jpeg_quality is None else _through_jpeg(pixels, output.jpeg_quality)


def _through_jpeg(pixels: Pixels, quality: int) -> Pixels:
    """Encoded with halved colour, as cameras do, and decoded again."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(buffer) as image:
        return np.array(image)
