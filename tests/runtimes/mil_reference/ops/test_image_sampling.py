"""Resampling and boxes, by hand and by values that Core ML gave in the operations' tests."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.runtimes.mil_reference.support import evaluated

X = np.asarray([[[[11, 22], [33, 44]]]], np.float32)
SIXTEEN = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)


@pytest.mark.parametrize(
    ("at", "parameters", "expected"),
    [
        ([-1.0, -2.0], ("bilinear", "constant", "normalized_minus_one_to_one", True), 8.585),
        ([3.5, 1.2], ("nearest", "border", "unnormalized", False), 44),
        ([-3.7, -1.0], ("bilinear", "reflection", "normalized_zero_to_one", True), 36.3),
        ([3.5, 1.2], ("nearest", "symmetric", "normalized_zero_to_one", False), 33),
    ],
)
def test_resample(at, parameters, expected):
    """A point outside, by every padding."""
    sampling, padding, coordinates, align = parameters
    found = evaluated(
        "resample",
        x=X,
        coordinates=np.asarray(at, np.float32).reshape(1, 1, 1, 2),
        sampling_mode=sampling,
        padding_mode=padding,
        padding_value=6.17,
        coordinates_mode=coordinates,
        align_corners=align,
    )
    np.testing.assert_allclose(found.item(), expected, rtol=1e-4)


def affine(**changes):
    common = {
        "x": X,
        "output_height": 2,
        "output_width": 3,
        "sampling_mode": "bilinear",
        "padding_mode": "constant",
        "padding_value": 0.0,
        "coordinates_mode": "normalized_minus_one_to_one",
        "align_corners": True,
    }
    return evaluated("affine", **(common | changes))


def test_affine():
    """The identity enlarges; half a width to the right runs out of the picture."""
    found = affine(transform_matrix=[[1.0, 0, 0, 0, 1, 0]])
    np.testing.assert_allclose(found, [[[[11, 16.5, 22], [33, 38.5, 44]]]])
    moved = affine(transform_matrix=[[1.0, 0, 2, 0, 1, 0]])
    np.testing.assert_allclose(moved, [[[[22, 11, 0], [44, 22, 0]]]])
    with pytest.raises(UnsupportedOperatorError, match="padding_mode 'border'"):
        affine(transform_matrix=[[1.0, 0, 0, 0, 1, 0]], padding_mode="border")


def test_crop_resize():
    """A box of pixels; one whose end is before its start comes out mirrored."""
    common = {
        "x": SIXTEEN,
        "target_height": 2,
        "target_width": 2,
        "sampling_mode": "ALIGN_CORNERS",
        "opset": 16,
    }
    box = np.asarray([1, 1, 2, 2], np.float32).reshape(1, 1, 4, 1, 1)
    found = evaluated("crop_resize", roi=box, **common)
    np.testing.assert_allclose(found, [[[[[6, 7], [10, 11]]]]])
    mirrored = evaluated("crop_resize", roi=3 - box, **common)
    np.testing.assert_allclose(mirrored, [[[[[11, 10], [7, 6]]]]])
    of_image = np.asarray([1, 0, 0, 1, 1], np.float32).reshape(1, 1, 5, 1, 1)
    two = common | {"x": np.concatenate([SIXTEEN, -SIXTEEN])}
    np.testing.assert_allclose(evaluated("crop_resize", roi=of_image, **two), [[[[[-1, -2], [-5, -6]]]]])


def test_crop_resize_of_images():
    """Points beyond the image are pad_value, even a tenth of a pixel beyond."""
    boxes = np.asarray([[0.1, 0.3, 1.3, 1.0], [0.0, 0.4, 0.6, 0.7]], np.float32)
    found = evaluated(
        "crop_resize",
        x=SIXTEEN,
        boxes=boxes,
        box_indices=[0, 0],
        target_height=2,
        target_width=2,
        normalized_coordinates=True,
        sampling_mode="ALIGN_CORNERS",
        pad_value=-5.0,
    )
    np.testing.assert_allclose(found, [[[[3.1, 5.2], [-5, -5]]], [[[2.2, 3.1], [9.4, 10.3]]]], rtol=1e-5)


@pytest.mark.parametrize(
    ("mode", "box"),
    [
        ("CORNERS_HEIGHT_FIRST", [1, 0, 2, 3]),
        ("CORNERS_WIDTH_FIRST", [0, 1, 3, 2]),
        ("CENTER_SIZE_HEIGHT_FIRST", [1.5, 1.5, 1, 3]),
        ("CENTER_SIZE_WIDTH_FIRST", [1.5, 1.5, 3, 1]),
    ],
)
def test_box_coordinate_modes(mode, box):
    """One box written four ways: rows 1 and 2, columns 0 to 3."""
    common = {"target_height": 2, "target_width": 2, "sampling_mode": "ALIGN_CORNERS"}
    found = evaluated(
        "crop_resize", x=SIXTEEN, boxes=np.asarray([box], np.float32), box_coordinate_mode=mode, **common
    )
    np.testing.assert_allclose(found, [[[[5, 8], [9, 12]]]])
