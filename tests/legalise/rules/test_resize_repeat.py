"""Nearest upsampling of few channels as repetition, in ONNX Runtime and as a file."""

import numpy as np
import pytest

from tests.legalise.support import check_node, check_node_file, noise

REPEATED = ["Transpose", "Concat", "Reshape", "Concat", "Reshape", "Transpose"]


def resized(check, shape, size, **attributes):
    """The operators that an image of ``shape`` resized to ``size`` becomes."""
    sizes = np.array([*shape[:2], *size], np.int64)
    return check("Resize", [noise(*shape), None, None, sizes], mode="nearest", **attributes)


@pytest.mark.parametrize("coordinates", ["asymmetric", "half_pixel"])
@pytest.mark.parametrize("size", [(10, 14), (15, 7), (5, 28)])
def test_whole_factors(size, coordinates):
    """Along one axis or both, by the same factor or not, for two images: exactly ONNX Runtime's cells."""
    given = {"coordinate_transformation_mode": coordinates, "nearest_mode": "floor"}
    if coordinates == "half_pixel":
        given["nearest_mode"] = "round_prefer_floor"
    ops = resized(check_node, (2, 3, 5, 7), size, **given)
    assert "Resize" not in ops
    assert set(ops) <= set(REPEATED)
    resized(check_node_file, (2, 3, 5, 7), size, **given, tolerance=0)


@pytest.mark.parametrize(
    ("shape", "size"), [((1, 17, 5, 7), (10, 14)), ((1, 3, 5, 7), (11, 14)), ((1, 3, 5, 7), (25, 35))]
)
def test_what_is_left_to_resize(shape, size):
    """Many channels, factors that are not whole, and large ones."""
    given = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    assert "Concat" not in resized(check_node, shape, size, **given)


def test_cells_that_are_not_repeated_evenly():
    """align_corners from 3 to 9 copies the middle cell more often than those at the ends."""
    given = {"coordinate_transformation_mode": "align_corners", "nearest_mode": "round_prefer_floor"}
    assert "Concat" not in resized(check_node, (1, 3, 3, 3), (9, 9), **given)
