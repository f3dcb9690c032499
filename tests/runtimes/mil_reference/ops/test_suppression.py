"""Non-maximum suppression of three boxes, two of which overlap."""

import numpy as np
import pytest

from tests.runtimes.mil_reference.support import FLOAT, INT, evaluated

BOXES = np.array([[[1, 1, 2, 2], [1.2, 1, 2, 2], [9, 9, 2, 2]]], np.float32)
SCORES = np.array([[[0.5, 0.1], [0.1, 0.9], [0.3, 0.2]]], np.float32)
COMMON = {"iou_threshold": 0.5, "max_boxes": 3}


@pytest.mark.parametrize(("per_class", "kept"), [(False, [1, 2, -1]), (True, [1, 0, 2])])
def test_the_better_of_two_stays(per_class, kept):
    """Of two that overlap the better stays, unless they are of different classes and that counts."""
    outputs = evaluated(
        "non_maximum_suppression", boxes=BOXES, scores=SCORES, score_threshold=0.2, opset=15,
        per_class_suppression=np.array(per_class), outputs=(FLOAT, FLOAT, INT, INT), **COMMON,
    )  # fmt: skip
    np.testing.assert_array_equal(outputs[2], [kept])
    np.testing.assert_array_equal(outputs[0][0, 0], BOXES[0, 1])
    assert outputs[3][0] == sum(k >= 0 for k in kept)


def test_low_scores_are_left_out():
    """Boxes below the threshold are left out, and what is missing is 0."""
    boxes, scores, indices, count = evaluated(
        "non_maximum_suppression", boxes=BOXES, scores=SCORES, score_threshold=0.8, opset=15,
        outputs=(FLOAT, FLOAT, INT, INT), **COMMON,
    )  # fmt: skip
    np.testing.assert_array_equal(indices, [[1, -1, -1]])
    assert count[0] == 1
    assert not boxes[0, 1:].any()
    assert not scores[0, 1:].any()


def test_from_ios17_boxes_are_columns():
    """From iOS17 on boxes are columns, and nothing is counted."""
    boxes, scores, indices = evaluated(
        "non_maximum_suppression", boxes=np.swapaxes(BOXES, 1, 2), scores=np.swapaxes(SCORES, 1, 2),
        outputs=(FLOAT, FLOAT, INT), **COMMON,
    )  # fmt: skip
    np.testing.assert_array_equal(indices, [[1, 2, -1]])
    np.testing.assert_array_equal(boxes[0, :, 1], BOXES[0, 2])
    np.testing.assert_array_equal(scores[0, :, 0], SCORES[0, 1])
