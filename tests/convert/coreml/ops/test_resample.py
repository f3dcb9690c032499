"""Resizing: MIL's own operators on equal grids, else products; channels into space in both orders."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil, check_node_mil
from tests.legalise.support import noise, text_graph

NATIVE = [
    ("nearest", {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, (10, 15), "upsample_nearest_neighbor"),
    ("nearest", {}, (10, 15), "upsample_nearest_neighbor"),
    ("linear", {}, (10, 15), "upsample_bilinear"),
    ("linear", {"coordinate_transformation_mode": "align_corners"}, (10, 10), "upsample_bilinear"),
    ("linear", {"coordinate_transformation_mode": "asymmetric"}, (10, 10), "resize_bilinear"),
    ("linear", {"coordinate_transformation_mode": "pytorch_half_pixel"}, (7, 9), "resize_bilinear"),
    ("linear", {"coordinate_transformation_mode": "align_corners"}, (7, 3), "resize_bilinear"),
]  # fmt: skip
REWRITTEN = [
    ("cubic", {}, (10, 15)),
    ("cubic", {"coordinate_transformation_mode": "align_corners", "exclude_outside": 1}, (7, 8)),
    ("linear", {"antialias": 1}, (3, 2)),
    ("nearest", {"nearest_mode": "round_prefer_ceil"}, (7, 3)),
    ("nearest", {"coordinate_transformation_mode": "align_corners"}, (7, 9)),
    ("linear", {"coordinate_transformation_mode": "align_corners"}, (1, 10)),
]


@pytest.mark.parametrize(("mode", "attributes", "size", "expected"), NATIVE)
def test_native(mode, attributes, size, expected):
    """One operator of MIL's."""
    sizes = np.array([1, 3, *size])
    found = check_node_mil("Resize", [noise(1, 3, 5, 5), None, None, sizes], mode=mode, **attributes)
    assert found == {expected: 1}


@pytest.mark.parametrize(("mode", "attributes", "size"), REWRITTEN)
def test_rewritten(mode, attributes, size):
    """Products and gathers, without a transpose."""
    sizes = np.array([1, 3, *size])
    found = check_node_mil("Resize", [noise(1, 3, 5, 5), None, None, sizes], mode=mode, **attributes)
    assert not found.keys() & {"transpose", "reshape", "resize_bilinear", "upsample_bilinear"}


@pytest.mark.parametrize("shape", [(1, 3, 6), (1, 2, 3, 4, 6)])
def test_other_ranks(shape):
    """The last axis of three; all of a volume's one by one."""
    sizes = np.array([*shape[:2], *(2 * n for n in shape[2:])])
    check_node_mil("Resize", [noise(*shape), None, None, sizes], mode="linear")


@pytest.mark.parametrize(("mode", "kind"), [("DCR", "depth_to_space"), ("CRD", "pixel_shuffle")])
def test_depth_to_space(mode, kind):
    """Each order is an operator of its own."""
    assert check_node_mil("DepthToSpace", [noise(1, 12, 3, 4)], blocksize=2, mode=mode) == {kind: 1}


def test_space_to_depth():
    """The inverse of DCR."""
    assert check_node_mil("SpaceToDepth", [noise(1, 3, 6, 4)], blocksize=2) == {"space_to_depth": 1}


@pytest.mark.parametrize("corners", [0, 1])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_grid_sample(padding, corners):
    """Inside and outside of the image; reflections by rewriting."""
    grid = np.random.default_rng(0).uniform(-1.6, 1.6, (2, 4, 5, 2)).astype(np.float32)
    found = check_node_mil(
        "GridSample", [noise(2, 3, 6, 5), grid], runtime=(0, 1), padding_mode=padding, align_corners=corners
    )
    assert (found == {"resample": 1}) == (padding != "reflection")


def test_pixel_shuffle_as_exporters_write_it():
    """Six axes in between, which MIL does not have."""
    constants = {"a": np.array([1, 2, 2, 2, 3, 4]), "b": np.array([1, 2, 6, 8])}
    text = (
        "g (float[1,8,3,4] x) => (float y)"
        " { p = Reshape (x, a) q = Transpose <perm=[0,1,4,2,5,3]> (p) y = Reshape (q, b) }"
    )
    found = check_mil(text_graph(text, constants), {"x": noise(1, 8, 3, 4)})
    assert found.keys() <= {"reshape", "transpose", "pixel_shuffle"}
