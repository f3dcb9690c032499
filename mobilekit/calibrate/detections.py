"""What a face detector's outputs hold: boxes and scores, in the forms that exporters write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import DescriptionError

if TYPE_CHECKING:
    import numpy.typing as npt

    from mobilekit.description import Boxes
    from mobilekit.tensors import Array, TensorSpec

    Doubles = npt.NDArray[np.float64]

_LEAST_FIELDS, _MOST_FIELDS = 5, 21
_RELATIVE = 2.0
"""Corners of faces in pixels lie beyond it, as shares of the picture they never do."""
_PROPER = 0.99
_KEPT = 32
_SUPPORTED = (
    "supported are two outputs, scores 1×N×2 (background, face), 1×N×1 or 1×N and decoded boxes 1×N×4,"
    " or one output with N rows (or columns) of 5 to 21 numbers: box, score, others;"
    " heads per stride or anchor (SCRFD, YuNet, BlazeFace) must be decoded inside the model"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorOutputs:
    """Which output holds boxes and which scores; without ``scores`` the rows of ``boxes`` hold both."""

    boxes: str
    scores: str | None = None
    by_columns: bool = False

    def read(self, values: Mapping[str, Array], where: str) -> tuple[Doubles, Doubles]:
        """N boxes of 4 numbers, and N scores in 0…1.

        Raises DescriptionError where the fifth number of a row is no probability: then it is no score.
        """
        rows = np.asarray(values[self.boxes], np.float64)
        rows = rows.reshape(rows.shape[-2:])
        if self.scores is None:
            rows = rows.T if self.by_columns else rows
            if not _is_probability(rows[:, 4]):
                message = f"{where}: the fifth numbers in {self.boxes} are no scores in 0…1"
                raise DescriptionError(message, hint=_SUPPORTED)
            return rows[:, :4], rows[:, 4]
        scores = np.asarray(values[self.scores], np.float64).reshape(len(rows), -1)
        return rows, _probabilities(scores[:, 0] if scores.shape[1] == 1 else scores)


def detector_outputs(outputs: Sequence[TensorSpec], where: str) -> DetectorOutputs:
    """What the outputs of a detector are, by their shapes. Raises DescriptionError if that is unknown."""
    sides = {spec.name: spec.shape[1:] if spec.shape[:1] == (1,) else spec.shape for spec in outputs}
    boxes = [name for name, shape in sides.items() if len(shape) == 2 and shape[1] == 4]
    if len(boxes) == 1:
        count = sides[boxes[0]][0]
        scores = [n for n, s in sides.items() if n != boxes[0] and s in ((count,), (count, 1), (count, 2))]
        if len(scores) == 1:
            return DetectorOutputs(boxes=boxes[0], scores=scores[0])
    tables = [name for name, shape in sides.items() if _is_table(shape)]
    if not boxes and len(outputs) == len(tables) == 1:
        by_columns = not _LEAST_FIELDS <= sides[tables[0]][1] <= _MOST_FIELDS
        return DetectorOutputs(boxes=tables[0], by_columns=by_columns)
    shapes = ", ".join(f"{spec.name} {list(spec.shape)}" for spec in outputs)
    message = f"{where}: its outputs are no boxes and scores: {shapes}"
    raise DescriptionError(message, hint=_SUPPORTED)


def _is_table(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and any(_LEAST_FIELDS <= side <= _MOST_FIELDS for side in shape)


def _probabilities(scores: Doubles) -> Doubles:
    """Scores of faces in 0…1: as they are, or of logits, which a number outside 0…1 gives away."""
    if scores.ndim == 2:
        if np.allclose(scores.sum(axis=1), 1.0, atol=1e-2):
            return scores[:, 1]
        return _logistic(scores[:, 1] - scores[:, 0])
    return scores if _is_probability(scores) else _logistic(scores)


def _is_probability(scores: Doubles) -> bool:
    return scores.size == 0 or bool(scores.min() >= 0.0 and scores.max() <= 1.0)


def _logistic(values: Doubles) -> Doubles:
    result: Doubles = 1.0 / (1.0 + np.exp(-np.clip(values, -60.0, 60.0)))
    return result


def corners(boxes: Doubles, form: Boxes, where: str) -> Doubles:
    """N×4 left, top, right, bottom. Raises DescriptionError if the numbers cannot be of ``form``."""
    sizes = boxes[:, 2:] - boxes[:, :2] if form == "corners" else boxes[:, 2:]
    proper = (np.isfinite(boxes).all(axis=1) & (sizes >= 0).all(axis=1)).mean() if len(boxes) else 1.0
    if proper < _PROPER:
        said = "two corners (left, top, right, bottom)" if form == "corners" else "centre and size"
        other = "centers" if form == "corners" else "corners"
        message = f"{where}: {1 - proper:.0%} of its boxes are not {said}"
        hint = (
            f'if they are given otherwise, say boxes = "{other}" in [crop]; raw offsets must be decoded in it'
        )
        raise DescriptionError(message, hint=hint)
    if form == "corners":
        return boxes
    return np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)


def best(boxes: Doubles, scores: Doubles, *, score: float, overlap: float) -> list[int]:
    """Numbers of the boxes from ``score`` on, best first, without those that a better one overlaps."""
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= score]
    kept: list[int] = []
    while len(order) and len(kept) < _KEPT:
        first, rest = int(order[0]), order[1:]
        kept.append(first)
        order = rest[_overlaps(boxes[first], boxes[rest]) <= overlap]
    return kept


def _overlaps(one: Doubles, many: Doubles) -> Doubles:
    """Intersection over union of a box with each of others."""
    low = np.maximum(one[:2], many[:, :2])
    high = np.minimum(one[2:], many[:, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=1)
    areas = np.prod(many[:, 2:] - many[:, :2], axis=1) + np.prod(one[2:] - one[:2])
    result: Doubles = shared / np.maximum(areas - shared, 1e-12)
    return result


def as_shares(boxes: Doubles, width: int, height: int) -> Doubles:
    """Boxes of faces as shares of the detector's picture, where they are in its pixels."""
    if len(boxes) == 0 or np.abs(boxes).max() <= _RELATIVE:
        return boxes
    return boxes / np.array([width, height, width, height], np.float64)
