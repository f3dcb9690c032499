"""Convolutions, by hand."""

import numpy as np

from mobilekit.runtimes.mil_reference.kernels import convolve


def test_convolve():
    """A correlation: the kernel is not turned round; zeros before, none after."""
    x, weight = np.asarray([[[1, 2, 3]]], np.float32), np.asarray([[[10, 1]]], np.float32)
    found = convolve(x, weight, strides=(1,), dilations=(1,), pads=((1, 0),), groups=1)
    np.testing.assert_allclose(found, [[[1, 12, 23]]])


def test_transposed():
    """Each element puts down the kernel, two apart."""
    x, weight = np.asarray([[[1, 2]]], np.float32), np.asarray([[[10, 1, 5]]], np.float32)
    found = convolve(x, weight, transposed=True, strides=(2,), dilations=(1,), groups=1)
    np.testing.assert_allclose(found, [[[10, 1, 25, 2, 10]]])
