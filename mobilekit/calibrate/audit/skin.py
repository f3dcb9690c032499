"""Where the skin of faces is, whatever its tone and the colour of the light.

Two kinds of evidence, in this order; without either a photo has no skin that the audit counts:

- *face*: the pattern of an upright face (`faces`), which knows no colours. The skin is the surface
  that most of the face's inner ellipse shows, followed as far as it is connected around the face.
- *shape*: a surface of a possible skin colour with the outline of a head and with eyes or a mouth in
  it (`heads`), for dark or turned faces that the pattern misses.

The published rules for single pixels (Kovac et al. 2003 in RGB, Chai and Ngan 1999 in YCbCr) were
tried alone: their fixed thresholds lose Monk tones 8 to 10 (R > 95, Cr > 133) and everybody under a
cold light, and take beige walls, wood and salmon dresses for skin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mobilekit.calibrate.audit.colour import linear
from mobilekit.calibrate.audit.faces import Box, face_boxes
from mobilekit.calibrate.audit.heads import head_mask
from mobilekit.calibrate.audit.similar import surface_of

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Pixels = npt.NDArray[np.uint8]

Evidence = Literal["face", "shape"]

_LEAST_PIXELS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Skin:
    """``mask`` (H×W) over a thumbnail, and what says so: None where no skin was found (an empty mask)."""

    mask: Mask
    evidence: Evidence | None
    faces: tuple[Box, ...] = ()


def find_skin(small: Pixels) -> Skin:
    """The skin of the faces in a thumbnail (H×W×3 uint8, sRGB)."""
    light = linear(small)
    boxes = face_boxes(small)
    mask = np.zeros(small.shape[:2], dtype=bool)
    for box in boxes:
        near = _ellipse(mask.shape, box, centre=0.5, height=0.75, width=0.6)
        mask |= surface_of(light, _ellipse(mask.shape, box, centre=0.52, height=0.36, width=0.28), near)
    if np.count_nonzero(mask) >= _LEAST_PIXELS:
        return Skin(mask=mask, evidence="face", faces=boxes)
    head = head_mask(small)
    if np.count_nonzero(head) >= _LEAST_PIXELS:
        return Skin(mask=head, evidence="shape")
    return Skin(mask=np.zeros_like(mask), evidence=None)


def _ellipse(shape: tuple[int, ...], box: Box, *, centre: float, height: float, width: float) -> Mask:
    """An upright ellipse in a face's square; half axes and the middle's row in sides of the square."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    y = (rows - (box.top + centre * box.height)) / (height * box.height)
    x = (columns - (box.left + box.width / 2)) / (width * box.width)
    inside: Mask = y * y + x * x < 1.0
    return inside
