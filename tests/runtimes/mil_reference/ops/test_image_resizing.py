"""Resizing, by hand and by the documentation's examples."""

import numpy as np
import pytest

from mobilekit.errors import UnsoundArtifactError, UnsupportedOperatorError
from tests.runtimes.mil_reference.support import INT, evaluated

X = np.asarray([[[1, 2]]], np.float32)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(2, 2, [[1, 1, 2, 2], [1, 1, 2, 2]]), (1, 1.5, [[1, 1, 2]]), (1.9, 0.5, [[1]])],
)
def test_upsample_nearest_neighbor(height, width, expected):
    """Sizes are cut down to whole numbers; element i is that at floor(i * in / out)."""
    found = evaluated("upsample_nearest_neighbor", x=X, scale_factor_height=height, scale_factor_width=width)
    np.testing.assert_array_equal(found, [expected])


def test_resize_nearest_neighbor():
    """The same elements by size."""
    found = evaluated("resize_nearest_neighbor", x=X, target_size_height=2, target_size_width=3)
    np.testing.assert_array_equal(found, [[[1, 1, 2], [1, 1, 2]]])


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [1, 4 / 3, 5 / 3, 2]),
        ({"align_corners": False}, [1, 1.25, 1.75, 2]),
        ({"align_corners": False, "half_pixel_centers": False}, [1, 1.5, 2, 2]),
    ],
)
def test_upsample_bilinear(parameters, expected):
    """Its three grids."""
    found = evaluated("upsample_bilinear", x=X, scale_factor_width=2, **parameters)
    np.testing.assert_allclose(found, [[expected]], rtol=1e-6)


def test_upsample_bilinear_refuses_both():
    """No grid has both aligned corners and half-pixel centres."""
    with pytest.raises(UnsupportedOperatorError, match="both align_corners and half_pixel_centers"):
        evaluated("upsample_bilinear", x=X, align_corners=True, half_pixel_centers=True)


def test_resize_bilinear():
    """A sampling mode by its name, and one that there is not."""
    common = {"x": X, "target_size_height": 2, "target_size_width": 5}
    row = [1, 1.1, 1.5, 1.9, 2]
    found = evaluated("resize_bilinear", sampling_mode="UNALIGN_CORNERS", **common)
    np.testing.assert_allclose(found, [[row, row]], rtol=1e-6)
    with pytest.raises(UnsoundArtifactError, match="sampling_mode 'CUBIC'"):
        evaluated("resize_bilinear", sampling_mode="CUBIC", **common)


def test_resize():
    """The last axes of ``shape``; 0 keeps an axis; nearest goes by the grid's points, unlike the older operation."""
    near = {"interpolation_mode": "NEAREST_NEIGHBOR", "resized_dims": np.uint32(2)}
    np.testing.assert_array_equal(evaluated("resize", x=X, shape=[7, 0, 3], **near), [[[1, 2, 2]]])
    found = evaluated("resize", x=X, shape=[2, 4], resized_dims=np.uint32(1))
    np.testing.assert_allclose(found, [[[1, 1.5, 2, 2]]])
    whole = evaluated("resize", x=X.astype(np.int32), shape=[4], resized_dims=np.uint32(1), outputs=(INT,))
    np.testing.assert_array_equal(whole, [[[1, 1, 2, 2]]])


def test_crop():
    """Rows above and below, columns left and right."""
    x = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    np.testing.assert_array_equal(
        evaluated("crop", x=x, crop_height=[1, 0], crop_width=[0, 2]), [[[4, 5], [8, 9]]]
    )
