"""Activations, by numbers worked out from Apple's formulas."""

import math

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.runtimes.mil_reference.support import evaluated

X = np.array([-2.0, -0.5, 0.0, 0.5, 8.0], np.float32)


def logistic(x):
    return 1 / (1 + math.exp(-x))


CASES = {
    "relu": ({}, lambda x: max(x, 0)),
    "relu6": ({}, lambda x: min(max(x, 0), 6)),
    "clamped_relu": ({"alpha": 0.5, "beta": 3.0}, lambda x: min(3, x if x >= 0 else 0.5 * x)),
    "leaky_relu": ({"alpha": 0.1}, lambda x: x if x >= 0 else 0.1 * x),
    "elu": ({"alpha": 2.0}, lambda x: x if x > 0 else 2 * (math.exp(x) - 1)),
    "gelu": ({}, lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2)))),
    "linear_activation": ({"alpha": 2.0, "beta": -1.0}, lambda x: 2 * x - 1),
    "scaled_tanh": ({"alpha": 2.0, "beta": 3.0}, lambda x: 2 * math.tanh(3 * x)),
    "sigmoid": ({}, logistic),
    "sigmoid_hard": ({"alpha": 0.2, "beta": 0.5}, lambda x: min(max(0.2 * x + 0.5, 0), 1)),
    "silu": ({}, lambda x: x * logistic(x)),
    "softplus": ({}, lambda x: math.log(1 + math.exp(x))),
    "softsign": ({}, lambda x: x / (1 + abs(x))),
    "thresholded_relu": ({"alpha": 0.5}, lambda x: x if x >= 0.5 else 0),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_is_its_formula(kind):
    """Each activation is its formula, at 0 and at its thresholds too."""
    parameters, formula = CASES[kind]
    np.testing.assert_allclose(
        evaluated(kind, x=X, **parameters), [formula(x) for x in X], rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("alpha", [-0.5, 1.5])
def test_leaky_relu_beyond_one(alpha):
    """A slope below 0 or above 1 is a slope still."""
    np.testing.assert_allclose(evaluated("leaky_relu", x=X, alpha=alpha), np.where(X >= 0, X, alpha * X))


def test_gelu_by_mode():
    """The approximations of gelu are the documented ones; another mode is refused."""
    tanh = [0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) for x in X]
    np.testing.assert_allclose(evaluated("gelu", x=X, mode="TANH_APPROXIMATION"), tanh, rtol=1e-5, atol=1e-7)
    sigmoid = [x * logistic(1.702 * x) for x in X]
    np.testing.assert_allclose(evaluated("gelu", x=X, mode="SIGMOID_APPROXIMATION"), sigmoid, rtol=1e-5)
    with pytest.raises(UnsupportedOperatorError, match="mode 'FAST'"):
        evaluated("gelu", x=X, mode="FAST")


def test_slopes_per_channel():
    """Slopes per channel lie along axis 1, whatever follows it."""
    x = np.full((1, 2, 2), -1, np.float32)
    np.testing.assert_array_equal(
        evaluated("prelu", x=x, alpha=np.array([2, 3], np.float32))[0, :, 0], [-2, -3]
    )
    alpha, beta = np.array([1, 2], np.float32), np.array([1, 0], np.float32)
    y = evaluated("softplus_parametric", x=x, alpha=alpha, beta=beta)
    np.testing.assert_allclose(y[0, :, 0], [math.log(1 + math.exp(-1)), 2 * math.log(2)], rtol=1e-6)


def test_softmax_of_large_numbers():
    """Softmax sums to 1 along its axis (the last by default), however large the numbers."""
    x = np.array([[1e4, 1e4], [0, -1e4]], np.float32)
    np.testing.assert_array_equal(evaluated("softmax", x=x), [[0.5, 0.5], [1, 0]])
    np.testing.assert_array_equal(evaluated("softmax", x=x, axis=0), [[1, 1], [0, 0]])


def test_extremes_do_not_overflow():
    """No activation makes NaN of a large number."""
    x = np.array([-1e4, 1e4], np.float32)
    np.testing.assert_array_equal(evaluated("sigmoid", x=x), [0, 1])
    np.testing.assert_array_equal(evaluated("silu", x=x), [0, 1e4])
    np.testing.assert_array_equal(evaluated("softplus", x=x), [0, 1e4])
    np.testing.assert_array_equal(evaluated("elu", x=x, alpha=1.0), [-1, 1e4])
