"""Convolutions and transposed ones, by hand."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.runtimes.mil_reference.support import evaluated

X = np.asarray([[[1, 2, 3, 4]]], np.float32)
PAIR = np.asarray([[[10, 1]]], np.float32)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"pad_type": "valid"}, [12, 23, 34]),
        ({"pad_type": "valid", "pad": [5, 5]}, [12, 23, 34]),
        ({"pad_type": "same"}, [12, 23, 34, 40]),
        ({"pad_type": "same_lower"}, [1, 12, 23, 34]),
        ({"pad_type": "custom", "pad": [2, 0], "strides": [2]}, [0, 12, 34]),
        ({"pad_type": "valid", "dilations": [2]}, [13, 24]),
        ({"pad_type": "valid", "bias": [0.5]}, [12.5, 23.5, 34.5]),
    ],
)
def test_conv(parameters, expected):
    """One channel, with every pad_type, strides, dilations and bias."""
    np.testing.assert_allclose(evaluated("conv", x=X, weight=PAIR, **parameters), [[expected]])


def test_conv_in_groups():
    """Each group sees its own channels."""
    x = np.asarray([[[1, 2], [3, 4]]], np.float32)
    weight = np.asarray([[[10]], [[100]]], np.float32)
    np.testing.assert_allclose(evaluated("conv", x=x, weight=weight, groups=2), [[[10, 20], [300, 400]]])


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [10, 1, 20, 2, 30, 3, 40, 4]),
        ({"pad_type": "custom", "pad": [1, 2]}, [1, 20, 2, 30, 3]),
        ({"output_shape": [1, 1, 9]}, [10, 1, 20, 2, 30, 3, 40, 4, 0]),
        ({"output_shape": [1, 1, 9], "bias": [0.5]}, [10.5, 1.5, 20.5, 2.5, 30.5, 3.5, 40.5, 4.5, 0.5]),
        ({"pad_type": "same"}, [10, 1, 20, 2, 30, 3, 40, 4]),
        ({"pad_type": "custom", "pad": [1, 1], "output_shape": [1, 1, 7]}, [1, 20, 2, 30, 3, 40, 4]),
    ],
)
def test_conv_transpose(parameters, expected):
    """Stride two: the whole result, cut by padding, or lengthened by output_shape."""
    found = evaluated("conv_transpose", x=X, weight=PAIR, strides=[2], **parameters)
    np.testing.assert_allclose(found, [[expected]])


def test_conv_transpose_same():
    """A kernel of three at stride one is cut by one at each end."""
    weight = np.asarray([[[1, 2, 3]]], np.float32)
    found = evaluated("conv_transpose", x=X, weight=weight, pad_type="same")
    np.testing.assert_allclose(found, [[[4, 10, 16, 17]]])


def test_conv_quantized():
    """The weight is q * scale + bias; a look-up table is refused."""
    weight = np.asarray([[[20, 2]]], np.uint8)
    common = {"x": X, "weight": weight, "quant_scale": [0.5], "quant_bias": [0.0], "nbits": 8}
    found = evaluated("conv_quantized", quantization_type="linear", **common)
    np.testing.assert_allclose(found, [[[12, 23, 34]]])
    with pytest.raises(UnsupportedOperatorError, match="quantization_type 'lut'"):
        evaluated("conv_quantized", quantization_type="lut", **common)
