"""LogSoftmax written out."""

import numpy as np
import pytest

from tests.legalise.support import check_node, noise

WRITTEN = ["ReduceMax", "Sub", "Exp", "ReduceSum", "Log", "Sub"]


@pytest.mark.parametrize(("shape", "axis"), [((2, 5), -1), ((1, 4, 3, 2), 1), ((3,), 0), ((2, 1, 4), 1)])
def test_axes(shape, axis):
    """Along any axis, within rounding of ONNX Runtime."""
    assert check_node("LogSoftmax", [noise(*shape) * 5], axis=axis) == WRITTEN


def test_large_values_do_not_overflow():
    """The maximum is taken off before the exponent."""
    assert check_node("LogSoftmax", [np.array([[1000.0, 999.0, -1000.0]], np.float32)]) == WRITTEN


def test_seven_axes_are_folded_before():
    """XNNPACK claims reductions of more than six axes and fails on them: there are none left."""
    found = check_node("LogSoftmax", [noise(1, 2, 1, 2, 1, 2, 3)], axis=1)
    assert found == ["Reshape", *WRITTEN, "Reshape"]
    assert check_node("LogSoftmax", [noise(1, 2, 2, 1, 2, 3)], axis=1) == WRITTEN
