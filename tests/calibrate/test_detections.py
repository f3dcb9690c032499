"""Boxes and scores are read from the outputs that detectors have, or refused with what is supported."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.calibrate.detections import as_shares, best, corners, detector_outputs
from mobilekit.errors import DescriptionError
from mobilekit.tensors import DType, TensorSpec

BOXES = np.array([[0.1, 0.1, 0.3, 0.3], [0.12, 0.1, 0.32, 0.3], [0.6, 0.6, 0.9, 0.8]])


def outputs(**shapes: tuple[int, ...]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(name=n, dtype=DType.FLOAT32, shape=s) for n, s in shapes.items())


@pytest.mark.parametrize(
    ("shape", "scores", "expected"),
    [
        ((1, 3, 2), [[0.2, 0.8], [0.9, 0.1], [0.5, 0.5]], [0.8, 0.1, 0.5]),
        ((1, 3, 1), [[0.8], [0.1], [0.5]], [0.8, 0.1, 0.5]),
        ((1, 3), [0.8, 0.1, 0.5], [0.8, 0.1, 0.5]),
        ((3,), [0.8, 0.1, 0.5], [0.8, 0.1, 0.5]),
        ((3, 2), [[0.0, np.log(4)], [np.log(9), 0.0], [7.0, 7.0]], [0.8, 0.1, 0.5]),
        ((1, 3, 1), [[np.log(4)], [-np.log(9)], [0.0]], [0.8, 0.1, 0.5]),
    ],
)
def test_scores_and_boxes(shape, scores, expected) -> None:
    """Probabilities of one or two classes, or their logits; landmarks beside them do not matter."""
    found = detector_outputs(outputs(landmarks=(1, 3, 10), scores=shape, boxes=(1, 3, 4)), "detector")
    values = {"scores": np.reshape(scores, shape), "boxes": BOXES[None]}
    boxes, probabilities = found.read(values, "detector")
    assert np.array_equal(boxes, BOXES)
    assert probabilities == pytest.approx(np.array(expected))


@pytest.mark.parametrize("shape", [(1, 40, 6), (40, 6), (1, 6, 40), (6, 40)])
def test_rows_of_boxes_and_scores(shape) -> None:
    """One output with everything, by rows or by columns."""
    rows = np.tile([0.1, 0.1, 0.3, 0.3, 0.9, 0.0], (40, 1))
    found = detector_outputs(outputs(all=shape), "detector")
    boxes, scores = found.read({"all": (rows if shape[-1] == 6 else rows.T).reshape(shape)}, "detector")
    assert boxes.shape == (40, 4)
    assert boxes[7].tolist() == [0.1, 0.1, 0.3, 0.3]
    assert scores.tolist() == [0.9] * 40


def test_rows_that_begin_otherwise_are_refused() -> None:
    """Rows of (picture, box, class, score) have a coordinate where the score should be: not read as one."""
    found = detector_outputs(outputs(all=(40, 7)), "detector det.onnx")
    rows = np.tile([0.0, 12.0, 20.0, 90.0, 120.0, 0.0, 0.9], (40, 1))
    with pytest.raises(DescriptionError, match="fifth numbers in all are no scores"):
        found.read({"all": rows}, "detector det.onnx")


@pytest.mark.parametrize(
    "shapes",
    [
        {"s8": (1, 80, 1), "s16": (1, 20, 1), "b8": (1, 80, 4), "b16": (1, 20, 4)},
        {"regressors": (1, 896, 16), "classificators": (1, 896, 1)},
        {"boxes": (1, 30, 4)},
        {"boxes": (1, 30, 4), "scores": (1, 30, 81)},
        {"rows": (1, 30, 85)},
        {"heat": (1, 1, 60, 80)},
    ],
)
def test_raw_heads_are_refused(shapes) -> None:
    """Heads per stride, anchors and many classes are refused; the message lists the outputs."""
    with pytest.raises(DescriptionError, match="no boxes and scores") as caught:
        detector_outputs(outputs(**shapes), "face detector det.onnx")
    assert next(iter(shapes)) in caught.value.message
    assert "supported are two outputs" in caught.value.hint


def test_corners_and_centres() -> None:
    """Both forms say the same box; the wrong form, raw offsets and NaN are refused."""
    sizes = BOXES[:, 2:] - BOXES[:, :2]
    centres = np.concatenate([(BOXES[:, :2] + BOXES[:, 2:]) / 2, sizes], axis=1)
    assert corners(BOXES, "corners", "detector") is BOXES
    assert np.allclose(corners(centres, "centers", "detector"), BOXES)
    offsets = np.random.default_rng(0).normal(size=(100, 4))
    for boxes, form in (
        (centres, "corners"),
        (offsets, "corners"),
        (offsets, "centers"),
        (BOXES * np.nan, "corners"),
    ):
        with pytest.raises(DescriptionError, match="of its boxes are not") as caught:
            corners(boxes, form, "detector")
        assert "boxes =" in caught.value.hint


def test_suppression() -> None:
    """Best first, without overlapping ones and those below the score; equal ones in their order."""
    scores = np.array([0.8, 0.9, 0.75])
    assert best(BOXES, scores, score=0.7, overlap=0.3) == [1, 2]
    assert best(BOXES, scores, score=0.7, overlap=0.9) == [1, 0, 2]
    assert best(BOXES, scores, score=0.85, overlap=0.3) == [1]
    assert best(BOXES, np.full(3, 0.8), score=0.7, overlap=0.9) == [0, 1, 2]
    assert best(BOXES, scores, score=0.95, overlap=0.3) == []


def test_pixels_become_shares() -> None:
    """Boxes in pixels of the picture are divided by its size, shares are not."""
    pixels = BOXES * [320, 240, 320, 240]
    assert np.allclose(as_shares(pixels, 320, 240), BOXES)
    assert as_shares(BOXES, 320, 240) is BOXES
