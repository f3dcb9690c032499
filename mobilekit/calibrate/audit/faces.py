"""Where upright faces are: scikit-image's cascade of local binary patterns.

Patterns compare neighbours in brightness, so that neither the colour of a light nor that of a skin
counts (Zhang et al. 2007, "Face detection based on multi-block LBP representation"). It misses
faces that are turned away or have little contrast, and next to never sees one where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

_WINDOW = 24  # the side of the picture that the cascade was trained on: no smaller face is seen
_SMALLEST_SHARE = 5  # of the shorter side
_STEP = 1.2
_NEIGHBOURS = 4
_SAME_FACE = 0.4


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Box:
    """A face's square, in pixels, from the brows to the mouth with some margin."""

    top: int
    left: int
    height: int
    width: int

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0…1."""
        rows = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        columns = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        both = max(0, rows) * max(0, columns)
        return both / (self.height * self.width + other.height * other.width - both)


def face_boxes(small: Pixels) -> tuple[Box, ...]:
    """The faces of a thumbnail (H×W×3 uint8), from a fifth of its shorter side on; largest first."""
    from PIL import Image

    gray = np.asarray(Image.fromarray(small).convert("L"))
    side = min(gray.shape)
    least = max(_WINDOW, side // _SMALLEST_SHARE)
    if side < least:
        return ()
    # A threshold of 1 returns every window that looks like a face: the library's own grouping depends
    # on the order in which its threads found them.
    found = _cascade().detect_multi_scale(
        gray,
        scale_factor=_STEP,
        step_ratio=1.0,
        min_size=(least, least),
        max_size=(side, side),
        min_neighbor_number=1,
        intersection_score_threshold=1.0,
    )
    windows = sorted(Box(top=f["r"], left=f["c"], height=f["height"], width=f["width"]) for f in found)
    boxes = [_mean(group) for group in _grouped(windows) if len(group) >= _NEIGHBOURS]
    return tuple(sorted(boxes, key=lambda box: (-box.width, box)))


@cache
def _cascade() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())


def _grouped(windows: Sequence[Box]) -> list[list[Box]]:
    """Windows that overlap, directly or through others, together."""
    groups: list[list[Box]] = []
    for window in windows:
        near = [group for group in groups if any(window.overlap(other) > _SAME_FACE for other in group)]
        joined = [window, *(other for group in near for other in group)]
        groups = [group for group in groups if group not in near] + [joined]
    return groups


def _mean(group: Sequence[Box]) -> Box:
    top, left, height, width = (
        round(sum(getattr(box, name) for box in group) / len(group))
        for name in ("top", "left", "height", "width")
    )
    return Box(top=top, left=left, height=height, width=width)
