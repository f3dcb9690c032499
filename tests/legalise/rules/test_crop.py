"""CenterCropPad cuts and pads about the middle."""

import numpy as np
import pytest

from tests.legalise.support import check_node_file, noise


@pytest.mark.parametrize("sizes", [(4, 4), (9, 9), (4, 9), (5, 7), (2, 12)])
@pytest.mark.parametrize("axes", [(2, 3), (-1, -2)])
def test_sizes(sizes, axes):
    """Odd and even differences, smaller and larger, axes in any order."""
    check_node_file("CenterCropPad", [noise(1, 2, 5, 8), np.array(sizes)], axes=axes)


def test_integers_on_all_axes():
    """Without axes the sizes are those of all; integers are padded with zeros."""
    x = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    check_node_file("CenterCropPad", [x, np.array([3, 2, 7])])
