"""Linear Resize of integers against ONNX Runtime, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, more, node_graph


def integers(shape, dtype, seed=0):
    """Any values of the type, those of int32 up to a million."""
    low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if dtype().itemsize == 1 else (-(10**6), 10**6)
    return np.random.default_rng(seed).integers(low, high, shape, endpoint=True).astype(dtype)


@given(
    dtype=st.sampled_from([np.uint8, np.int8, np.int32]),
    coordinates=st.sampled_from(["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]),
    leading=st.sampled_from([(), (1, 2)]),
    size=st.tuples(st.integers(1, 5), st.integers(1, 7)),
    resized=st.tuples(st.integers(1, 13), st.integers(1, 13)),
    constant=st.booleans(),
)
@more
def test_any_integer_image(dtype, coordinates, leading, size, resized, constant):
    """Cut as ONNX Runtime cuts: a constant image shows every rounding of the shares."""
    x = np.full((*leading, *size), 7, dtype) if constant else integers((*leading, *size), dtype)
    sizes = np.array([*leading, *resized], np.int64)
    check_node("Resize", [x, None, None, sizes], mode="linear", coordinate_transformation_mode=coordinates)


@pytest.mark.parametrize("leading", [(), (1, 2)])
@pytest.mark.parametrize("factors", [(2, 3, 1.7), (1, 0.6, 2.5)])
def test_three_axes_together(leading, factors):
    """Volumes sample eight cells."""
    x = integers((*leading, 3, 4, 5), np.uint8)
    scales = np.array([*[1] * len(leading), *factors], np.float32)
    check_node("Resize", [x, None, scales], mode="linear")


def test_regions_of_integers():
    """Cells outside the region take the extrapolation value, cut too."""
    x = integers((1, 1, 5, 6), np.int32)
    region = np.array([0, 0, -0.3, 0.1, 1, 1, 0.8, 1.2], np.float32)
    check_node(
        "Resize", [x, region, None, np.array([1, 1, 7, 9], np.int64)], mode="linear",
        coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=7.5,
    )  # fmt: skip


def test_integers_across_channels_are_refused():
    """ONNX Runtime has no kernel that says how they round."""
    graph, _ = node_graph(
        "Resize", [integers((1, 2, 3, 4), np.uint8), None, np.array([1, 2, 2, 1], np.float32)], mode="linear"
    )
    with pytest.raises(UnsupportedOperatorError, match="mode=linear, antialias=0 on uint8"):
        legalise(graph, samples=[])
