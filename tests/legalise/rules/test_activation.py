"""Every activation against ONNX Runtime, where it is steep, flat and huge."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.convert.tflite.nodes import litert
from tests.legalise.support import check_node, noise

# Around zero, far out, and where exponentials overflow.
X = np.concatenate([np.linspace(-6, 6, 101), [-200, -90, -1e-4, 0, 1e-4, 90, 200]]).astype(np.float32)[None]


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("Elu", {}),
        ("Elu", {"alpha": 0.3}),
        ("Elu", {"alpha": -0.5}),
        ("Selu", {}),
        ("Selu", {"alpha": 2.0, "gamma": 0.5}),
        ("Celu", {}),
        ("Celu", {"alpha": 0.5}),
        ("Celu", {"alpha": -4.0}),
        ("HardSigmoid", {}),
        ("HardSigmoid", {"alpha": 0.5, "beta": 0.6}),
        ("HardSwish", {}),
        ("Softplus", {}),
        ("Softsign", {}),
        ("Mish", {}),
        ("ThresholdedRelu", {}),
        ("ThresholdedRelu", {"alpha": -0.5}),
        ("Shrink", {}),
        ("Shrink", {"lambd": 1.5, "bias": 0.5}),
        ("LeakyRelu", {"alpha": 0.2}),
        ("LeakyRelu", {"alpha": 0.0}),
    ],
)
def test_activation(op, attributes):
    """The definition with all its attributes."""
    check_node(op, [X], atol=2e-6, **attributes)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_shrink_of_integers(dtype):
    """Small integers are shrunk as floats and truncated."""
    x = np.arange(-8, 8).astype(dtype) if dtype != "uint8" else np.arange(16, dtype=dtype)
    values = x.astype(np.float64)
    wanted = np.where(values < -2.5, values + 1.5, np.where(values > 2.5, values - 1.5, 0)).astype(dtype)
    np.testing.assert_array_equal(litert("Shrink", [x], lambd=2.5, bias=1.5), wanted)


def test_shrink_of_large_integers_is_refused():
    """A float does not hold them."""
    with pytest.raises(UnsupportedOperatorError, match=r"Shrink.*elements of type int32"):
        litert("Shrink", [np.arange(4, dtype=np.int32)])


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32", "uint64"])
def test_prelu_of_integers(dtype):
    """A product where negative."""
    x, slope = np.array([3, 0, 7, 5], dtype), np.array([2, 3, 2, 3], dtype)
    x = -x if dtype.startswith("int") else x
    wanted = np.where(x < 0, x * slope, x)
    np.testing.assert_array_equal(litert("PRelu", [x, slope], runtime=(0, 1)), wanted)


@pytest.mark.parametrize(
    "slope", [(1,), (3, 1, 1), (5,), (4, 5), (4, 1), (3, 4, 5), (2, 3, 4, 5), (1, 1, 1, 1), (1, 3, 1, 1), ()]
)
@pytest.mark.parametrize("runtime", [(0,), (0, 1)])
def test_slopes_of_every_shape(slope, runtime):
    """One, per channel, per row, per element: constant or not, in LiteRT."""
    x, slopes = noise(2, 3, 4, 5), noise(*slope, seed=1)
    got = litert("PRelu", [x, slopes], runtime=runtime)
    np.testing.assert_allclose(got, np.where(x < 0, x * slopes, x), rtol=1e-6)


def test_mish_keeps_small_results():
    """Far below zero, where 1 + eˣ is 1."""
    x = np.linspace(-30, 30, 121, dtype=np.float32)
    exact = x * np.tanh(np.log1p(np.exp(x.astype(np.float64))))
    np.testing.assert_allclose(litert("Mish", [x]), exact, rtol=2e-6)


def test_elu_of_one_stays():
    """TFLite has the Elu of alpha 1."""
    assert check_node("Elu", [X], alpha=1.0) == ["Elu"]


def test_uniform_slope_is_a_leaky_relu():
    """A PRelu with one slope is a LeakyRelu."""
    assert check_node("PRelu", [noise(1, 3, 4, 4), np.full((3, 1, 1), 0.2, np.float32)]) == ["LeakyRelu"]


def test_slopes_get_the_rank_of_the_input():
    """Slopes per channel stay a PRelu."""
    assert check_node("PRelu", [noise(1, 3, 4, 4), noise(3, 1, 1)]) == ["PRelu"]


def test_runtime_slopes():
    """Slopes computed at run time get the rank of the input by a Reshape."""
    operands = [noise(1, 3, 4, 4), noise(3, 1, 1)]
    assert check_node("PRelu", operands, runtime=(0, 1)) == ["Reshape", "PRelu"]


def test_slopes_of_rank_seven():
    """More axes than the runtime's own takes."""
    x, slopes = noise(2, 1, 2, 2, 1, 2, 3), noise(3, seed=1)
    np.testing.assert_allclose(litert("PRelu", [x, slopes]), np.where(x < 0, x * slopes, x), rtol=1e-6)
