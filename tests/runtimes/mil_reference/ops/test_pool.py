"""Pools, by hand."""

import numpy as np
import pytest

from tests.runtimes.mil_reference.support import evaluated

X = np.asarray([[[1, 2, 3, 4, 6]]], np.float32)
TWO = {"kernel_sizes": [2], "strides": [2]}


@pytest.mark.parametrize(
    ("kind", "parameters", "expected"),
    [
        ("avg_pool", {"pad_type": "valid"}, [1.5, 3.5]),
        ("avg_pool", {"pad_type": "same"}, [1.5, 3.5, 3]),
        ("avg_pool", {"pad_type": "same", "exclude_padding_from_average": True}, [1.5, 3.5, 6]),
        ("avg_pool", {"pad_type": "same_lower"}, [0.5, 2.5, 5]),
        ("avg_pool", {"pad_type": "valid", "ceil_mode": True}, [1.5, 3.5, 6]),
        ("avg_pool", {"pad_type": "custom", "pad": [1, 1]}, [0.5, 2.5, 5]),
        ("max_pool", {"pad_type": "custom", "pad": [1, 1]}, [1, 3, 6]),
        ("max_pool", {"pad_type": "valid", "ceil_mode": True}, [2, 4, 6]),
        ("l2_pool", {"pad_type": "valid"}, [5**0.5, 5]),
    ],
)
def test_pool(kind, parameters, expected):
    """Windows of two, two apart; what hangs over the padding never counts, padding does unless it is left out."""
    np.testing.assert_allclose(evaluated(kind, x=X, **TWO, **parameters), [[expected]], rtol=1e-6)


def test_padding_never_is_the_maximum():
    """Of negative numbers the padding's zeros would be it."""
    found = evaluated("max_pool", x=-X, kernel_sizes=[3], pad_type="same")
    np.testing.assert_allclose(found, [[[-1, -1, -2, -3, -4]]])


def test_divisors_of_two_axes():
    """At a corner one element of four is data."""
    x = np.ones((1, 1, 2, 2), np.float32)
    common = {"kernel_sizes": [2, 2], "strides": [2, 2], "pad_type": "custom", "pad": [1, 1, 1, 1]}
    np.testing.assert_allclose(evaluated("avg_pool", x=x, **common), np.full((1, 1, 2, 2), 0.25))
    alone = evaluated("avg_pool", x=x, exclude_padding_from_average=True, **common)
    np.testing.assert_allclose(alone, np.ones((1, 1, 2, 2)))
