"""Random operations where nothing is random; the rest is refused."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.runtimes.mil_reference.support import evaluated


@pytest.mark.parametrize(
    ("kind", "parameters", "expected"),
    [
        ("random_bernoulli", {"prob": 1.0, "seed": 3}, 1),
        ("random_bernoulli", {"prob": 0.0}, 0),
        ("random_normal", {"mean": 2.5, "stddev": 0.0}, 2.5),
        ("random_uniform", {"low": 4.0, "high": 4.0}, 4),
    ],
)
def test_certain(kind, parameters, expected):
    """Distributions with one outcome."""
    np.testing.assert_array_equal(evaluated(kind, shape=[2, 3], **parameters), np.full((2, 3), expected))


def test_one_class():
    """Every draw is the only class."""
    found = evaluated("random_categorical", x=[[0.3], [0.7]], size=4, mode="probs", seed=1)
    np.testing.assert_array_equal(found, np.zeros((2, 4)))


@pytest.mark.parametrize("kind", ["random_bernoulli", "random_normal", "random_uniform"])
def test_uncertain(kind):
    """A seed does not help: the generator is unknown."""
    with pytest.raises(UnsupportedOperatorError, match="random numbers"):
        evaluated(kind, shape=[2], seed=1)


def test_two_classes():
    """Nor with categories."""
    with pytest.raises(UnsupportedOperatorError, match="random numbers"):
        evaluated("random_categorical", x=[0.3, 0.7])
