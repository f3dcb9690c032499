"""RoiAlign's averages as matrix products."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, node_graph, noise

# Inside, across the border, empty, and wholly outside.
ROIS = np.array(
    [[1, 1, 6, 5], [-3, -2, 20, 30], [4, 4, 4, 4], [30, 30, 40, 40], [2.3, 0.7, 5.1, 3.9]], np.float32
)


def operands(batch=2):
    """Two images and five regions of them."""
    return [noise(batch, 3, 7, 9), ROIS, np.arange(5) % batch]


@pytest.mark.parametrize("mode", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("ratio", [0, 1, 3])
@pytest.mark.parametrize("batch", [1, 2])
def test_fixed_regions(mode, ratio, batch):
    """Any number of samples, fixed or as large as the region asks."""
    check_node(
        "RoiAlign", operands(batch), coordinate_transformation_mode=mode, sampling_ratio=ratio,
        output_height=3, output_width=2, spatial_scale=0.7,
    )  # fmt: skip


@pytest.mark.parametrize("runtime", [(0, 1), (0, 1, 2)])
@pytest.mark.parametrize("mode", ["half_pixel", "output_half_pixel"])
def test_regions_at_run_time(runtime, mode):
    """With a fixed number of samples, the matrices are computed too."""
    check_node(
        "RoiAlign", operands(), runtime=runtime, coordinate_transformation_mode=mode, sampling_ratio=2,
        output_height=2, output_width=4,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "reason"), [({}, "sampling_ratio=0"), ({"mode": "max", "sampling_ratio": 2}, "mode=max")]
)
def test_what_depends_on_runtime_regions_is_refused(attributes, reason):
    """The number of samples would; and maxima are not products."""
    graph, _ = node_graph("RoiAlign", operands(), runtime=(0, 1), **attributes)
    with pytest.raises(UnsupportedOperatorError, match=f"node y: {reason}"):
        legalise(graph, samples=[])
    check_node("RoiAlign", operands(), **attributes)
