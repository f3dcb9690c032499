"""Non-maximum suppression: iOS15 and iOS17 ``tensor_operation.non_maximum_suppression``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_Kept = tuple["Array", "Array", "Array", int]


@implements("non_maximum_suppression")
def with_threshold(call: Call) -> tuple[Array, ...]:
    """Boxes [n, B, 4] and scores [n, B, K]: those kept, their indices and their number per picture."""
    least = call.number("score_threshold")
    kept = [_kept(call, b, s, least) for b, s in zip(call["boxes"], call["scores"], strict=True)]
    boxes, scores, indices = (np.stack([k[i] for k in kept]) for i in range(3))
    return boxes, scores, indices, np.array([k[3] for k in kept], np.int32)


@implements("non_maximum_suppression", since="iOS17")
def without_threshold(call: Call) -> tuple[Array, ...]:
    """Boxes [n, 4, B] and scores [n, K, B], without a threshold and without counting."""
    boxes, scores = np.swapaxes(call["boxes"], 1, 2), np.swapaxes(call["scores"], 1, 2)
    kept = [_kept(call, b, s, None) for b, s in zip(boxes, scores, strict=True)]
    found, their, indices = (np.stack([k[i] for k in kept]) for i in range(3))
    return np.swapaxes(found, 1, 2), np.swapaxes(their, 1, 2), indices


def _kept(call: Call, boxes: Array, scores: Array, least: float | None) -> _Kept:
    """One picture: boxes by falling score of their best class, each unless it overlaps one kept before.

    Per class, only boxes of the same best class suppress one another. What is missing up to ``max_boxes``
    is 0, and −1 among the indices.
    """
    most, limit = call.integer("max_boxes"), call.number("iou_threshold")
    per_class = call.flag("per_class_suppression")
    best, classes = scores.max(axis=1), scores.argmax(axis=1)
    candidates = [int(i) for i in np.argsort(-best, kind="stable") if least is None or best[i] >= least]
    chosen: list[int] = []
    for index in candidates:
        rivals = [i for i in chosen if not per_class or classes[i] == classes[index]]
        if len(chosen) < most and all(_overlap(boxes[index], boxes[i]) <= limit for i in rivals):
            chosen.append(index)
    filled = np.zeros((most, 4), np.float32), np.zeros((most, scores.shape[1]), np.float32)
    indices = np.full(most, -1, np.int32)
    filled[0][: len(chosen)], filled[1][: len(chosen)] = boxes[chosen], scores[chosen]
    indices[: len(chosen)] = chosen
    return *filled, indices, len(chosen)


def _overlap(a: Array, b: Array) -> float:
    """Intersection over union of two boxes (x, y of the centre, width, height)."""
    low = np.maximum(a[:2] - a[2:] / 2, b[:2] - b[2:] / 2)
    high = np.minimum(a[:2] + a[2:] / 2, b[:2] + b[2:] / 2)
    common = float(np.prod(np.maximum(high - low, 0)))
    union = float(a[2] * a[3] + b[2] * b[3]) - common
    return common / union if union > 0 else 0.0
