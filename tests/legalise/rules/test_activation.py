"""Every activation against ONNX Runtime, where it is steep, flat and huge."""

import numpy as np
import pytest

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
