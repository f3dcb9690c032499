"""Maxima over fixed regions."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.rules.test_roi_align import ROIS, operands
from tests.legalise.support import check_node, node_graph, noise


def pooled(batch=2):
    """Two images and the same regions as MaxRoiPool has them: the image first."""
    images = (np.arange(len(ROIS)) % batch).astype(np.float32)
    return [noise(batch, 3, 7, 9) - 4, np.concatenate([images[:, None], ROIS], axis=1)]


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (7, 7)])
def test_max_roi_pool(scale, shape):
    """Bins with and without cells; values below zero show what empty ones hold."""
    check_node("MaxRoiPool", pooled(), pooled_shape=shape, spatial_scale=scale)


def test_runtime_regions_are_refused():
    """The size of a bin would depend on values."""
    graph, _ = node_graph("MaxRoiPool", pooled(), runtime=(0, 1), pooled_shape=[2, 2])
    with pytest.raises(UnsupportedOperatorError, match="node y: rois computed at run time"):
        legalise(graph, samples=[])


@pytest.mark.parametrize("ratio", [0, 2])
@pytest.mark.parametrize("mode", ["half_pixel", "output_half_pixel"])
def test_roi_align_of_maxima(ratio, mode):
    """The largest of each sample's neighbours, weighed by itself."""
    check_node(
        "RoiAlign", operands(), mode="max", sampling_ratio=ratio, coordinate_transformation_mode=mode,
        output_height=2, output_width=3,
    )  # fmt: skip
