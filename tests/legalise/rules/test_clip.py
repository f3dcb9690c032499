"""Clip with both, one or no bounds, constant or not."""

import numpy as np
import pytest

from tests.legalise.support import check_node, noise

LOW, HIGH = np.float32(-0.5), np.float32(0.7)


@pytest.mark.parametrize(
    ("low", "high", "ops"),
    [
        (LOW, HIGH, ["Clip"]),
        (LOW, None, ["Max"]),
        (None, HIGH, ["Min"]),
        (np.float32(0), None, ["Relu"]),
        (None, None, ["Reshape"]),
    ],
)
def test_bounds(low, high, ops):
    """Only the Clip with two constant bounds stays one."""
    assert check_node("Clip", [noise(3, 4), low, high]) == ops


def test_runtime_bounds():
    """Bounds computed at run time are Max and Min."""
    ops = check_node("Clip", [noise(3, 4), LOW, HIGH], runtime=(0, 1, 2))
    assert ops == ["Reshape", "Max", "Reshape", "Min"]


def test_low_above_high():
    """ONNX: the upper bound wins."""
    check_node("Clip", [noise(3, 4), HIGH, LOW], runtime=(0, 1))


def test_integers():
    """A lower bound of zero on integers is not a Relu."""
    assert check_node("Clip", [np.arange(-4, 4, dtype=np.int32), np.int32(0), None]) == ["Max"]
