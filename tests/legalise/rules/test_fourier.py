"""DFT and STFT as products, against NumPy (and ONNX Runtime)."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, node_graph, noise

LENGTH = np.array(8, np.int64)


@pytest.mark.parametrize(("parts", "onesided"), [(1, 0), (1, 1), (2, 0)])
@pytest.mark.parametrize("axis", [1, 2, -2])
def test_dft(parts, axis, onesided):
    """Along any axis but that of the components; real and complex signals."""
    x = noise(2, 5, 8, parts)
    assert "DFT" not in check_node("DFT", [x, None, np.array(axis)], onesided=onesided, atol=1e-4)


@pytest.mark.parametrize("length", [6, 8, 11])
def test_length(length):
    """A shorter transform cuts the signal, a longer one pads it."""
    check_node("DFT", [noise(2, 8, 1), np.array(length), np.array(1)], atol=1e-4)


def test_inverse():
    """Divided by the number of samples."""
    check_node("DFT", [noise(2, 8, 2), None, np.array(1)], inverse=1, atol=1e-4)


@pytest.mark.parametrize("window", [False, True])
@pytest.mark.parametrize("onesided", [0, 1])
def test_stft(window, onesided):
    """Overlapping frames, the rest of the signal is left out."""
    operands = [
        noise(2, 37, 1),
        np.array(3),
        np.abs(noise(8)) if window else None,
        None if window else LENGTH,
    ]
    assert "STFT" not in check_node("STFT", operands, onesided=onesided, atol=1e-4)


def test_long_transforms_are_refused():
    """The matrix would be the largest thing in the file."""
    graph, _ = node_graph("DFT", [noise(1, 5000, 1), None, np.array(1)])
    with pytest.raises(UnsupportedOperatorError, match=r"DFT.*node y: a transform of 5000 samples"):
        legalise(graph, samples=[])
