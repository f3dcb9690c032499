"""What a reduced-precision file may lose, per kind of network: pictures, masks, faces.

Every measure takes the outputs of the float model and of the file for each scoring photo, and gives
named figures, each with its goal where there is one.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Outputs = Mapping[str, np.ndarray]

IDENTICAL_DB = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number and what it must be at least, or at most."""

    what: str
    value: float
    at_least: float | None = None
    at_most: float | None = None


class Measure(Protocol):
    """From the outputs of both, photo by photo, to figures."""

    def __call__(self, expected: Sequence[Outputs], got: Sequence[Outputs]) -> list[Figure]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """PSNR of every output; the goals are for all of them."""

    mean: float | None = None
    worst: float | None = None

    def __call__(self, expected: Sequence[Outputs], got: Sequence[Outputs]) -> list[Figure]:
        found = []
        for name in expected[0]:
            values = [decibels(e[name], g[name]) for e, g in zip(expected, got, strict=True)]
            mean, worst = statistics.fmean(values), min(values)
            found.append(Figure(what=f"{name}: PSNR mean dB", value=mean, at_least=self.mean))
            found.append(Figure(what=f"{name}: PSNR worst dB", value=worst, at_least=self.worst))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """PSNR of every output, and the mean colour difference of pictures from black to white."""

    black: float
    white: float
    mean: float | None = None
    worst: float | None = None
    delta_e: float | None = None

    def __call__(self, expected: Sequence[Outputs], got: Sequence[Outputs]) -> list[Figure]:
        from mobilekit.metrics import delta_e

        found = Signal(mean=self.mean, worst=self.worst)(expected, got)
        for name in expected[0]:
            pairs = [
                (self._picture(e[name]), self._picture(g[name])) for e, g in zip(expected, got, strict=True)
            ]
            values = [delta_e(one, two) for one, two in pairs]
            mean = statistics.fmean(values)
            found.append(Figure(what=f"{name}: ΔE2000 mean", value=mean, at_most=self.delta_e))
            found.append(Figure(what=f"{name}: ΔE2000 worst photo", value=max(values)))
        return found

    def _picture(self, value: np.ndarray) -> np.ndarray:
        """H×W×3 in 0…1, as a viewer would show it."""
        scaled = (value[0].astype(np.float64).transpose(1, 2, 0) - self.black) / (self.white - self.black)
        return np.asarray(np.clip(scaled, 0.0, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """IoU of the foreground (the last channel, above a half) against the float model's.

    Photos where at least ``few`` of the pixels are uncertain (0.4…0.6 in float) count in the median
    only: their mask is a matter of taste.
    """

    median: float
    worst: float
    few: float = 0.02

    def __call__(self, expected: Sequence[Outputs], got: Sequence[Outputs]) -> list[Figure]:
        from mobilekit.metrics import iou

        found = []
        for name in expected[0]:
            masks = [(e[name][0, -1], g[name][0, -1]) for e, g in zip(expected, got, strict=True)]
            values = [iou(one > 0.5, two > 0.5) for one, two in masks]
            sure = [
                v
                for v, (one, _) in zip(values, masks, strict=True)
                if np.mean((one > 0.4) & (one < 0.6)) < self.few
            ]
            middle = statistics.median(values)
            found.append(Figure(what=f"{name}: mask IoU median", value=middle, at_least=self.median))
            what = f"{name}: mask IoU worst of {len(sure)} certain"
            found.append(Figure(what=what, value=min(sure, default=1.0), at_least=self.worst))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """Every float detection above ``sure`` and the best int8 one above ``kept``, after NMS at ``overlap``."""

    scores: str = "scores"
    boxes: str = "boxes"
    sure: float = 0.7
    kept: float = 0.5
    overlap: float = 0.3
    least_iou: float = 0.9

    def __call__(self, expected: Sequence[Outputs], got: Sequence[Outputs]) -> list[Figure]:
        best: list[float] = []
        for one, two in zip(expected, got, strict=True):
            candidates = self._detections(two, self.kept)
            faces = self._detections(one, self.sure)
            best += [float(box_iou(box, candidates).max(initial=0.0)) for box in faces]
        matched = statistics.fmean(b >= self.least_iou for b in best) if best else 1.0
        return [
            Figure(what=f"share of {len(best)} faces matched", value=matched, at_least=1.0),
            Figure(what="face IoU worst", value=min(best, default=1.0), at_least=self.least_iou),
            Figure(what="face IoU median", value=statistics.median(best) if best else 1.0),
            *Signal()(expected, got),
        ]

    def _detections(self, outputs: Outputs, above: float) -> np.ndarray:
        scores = outputs[self.scores][0, :, -1]
        chosen = np.flatnonzero(scores > above)
        chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
        return suppressed(outputs[self.boxes][0][chosen].astype(np.float64), self.overlap)


def suppressed(boxes: np.ndarray, overlap: float) -> np.ndarray:
    """Non-maximum suppression: ``boxes`` (x1, y1, x2, y2; best first) but those that overlap a better one."""
    kept: list[np.ndarray] = []
    for box in boxes:
        if not kept or box_iou(box, np.stack(kept)).max() <= overlap:
            kept.append(box)
    return np.stack(kept) if kept else np.zeros((0, 4))


def box_iou(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of one box with each of ``others``."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    inner = np.prod(np.clip(high - low, 0.0, None), axis=1)
    areas = np.prod(np.clip(others[:, 2:] - others[:, :2], 0.0, None), axis=1)
    union = np.prod(np.clip(box[2:] - box[:2], 0.0, None)) + areas - inner
    return np.asarray(inner / np.maximum(union, np.finfo(np.float64).tiny))


def decibels(reference: np.ndarray, other: np.ndarray) -> float:
    """PSNR; identical counts as 200."""
    from mobilekit.metrics import psnr

    value: Any = psnr(reference, other)
    return IDENTICAL_DB if value is None else float(value)
