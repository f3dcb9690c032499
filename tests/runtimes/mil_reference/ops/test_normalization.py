"""Norms, by hand."""

import numpy as np

from tests.runtimes.mil_reference.support import evaluated

X = np.asarray([[[1, 3], [10, 30]]], np.float32)


def test_batch_norm():
    """Given statistics per channel."""
    found = evaluated(
        "batch_norm", x=X, mean=[1.0, 10.0], variance=[3.0, 99.0], gamma=[2.0, 1.0], epsilon=1.0
    )
    np.testing.assert_allclose(found, [[[0, 2], [0, 2]]], rtol=1e-6)
    shifted = evaluated(
        "batch_norm", x=X, mean=[1.0, 10.0], variance=[4.0, 100.0], beta=[5.0, 6.0], epsilon=0.0
    )
    np.testing.assert_allclose(shifted, [[[5, 6], [6, 8]]], rtol=1e-6)


def test_instance_norm():
    """The variance is that of the elements there are (1 and 100), epsilon beside it."""
    found = evaluated("instance_norm", x=X, gamma=[2.0, 1.0], beta=[1.0, 0.0], epsilon=0.0)
    np.testing.assert_allclose(found, [[[-1, 3], [-1, 1]]], rtol=1e-6)
    damped = evaluated("instance_norm", x=X, epsilon=3.0)
    np.testing.assert_allclose(damped[0, 0], [-0.5, 0.5], rtol=1e-6)


def test_layer_norm():
    """Over chosen axes, with gamma of their shape; over all of them without a choice."""
    found = evaluated("layer_norm", x=X, axes=[-1], gamma=[1.0, 10.0], beta=[0.0, 1.0], epsilon=0.0)
    np.testing.assert_allclose(found, [[[-1, 11], [-1, 11]]], rtol=1e-6)
    whole = evaluated("layer_norm", x=np.asarray([[1, 1], [5, 5]], np.float32), epsilon=0.0)
    np.testing.assert_allclose(whole, [[-1, -1], [1, 1]], rtol=1e-6)


def test_l2_norm():
    """The last three axes are one vector, those before are apart."""
    x = np.asarray([3, 4, 6, 8], np.float32).reshape(2, 1, 2, 1)
    np.testing.assert_allclose(
        evaluated("l2_norm", x=x, epsilon=0.0).reshape(2, 2), [[0.6, 0.8], [0.6, 0.8]], rtol=1e-6
    )


def test_local_response_norm():
    """Of two channels each sees itself and the one before."""
    x = np.asarray([1, 2, 3], np.float32).reshape(1, 3, 1)
    found = evaluated("local_response_norm", x=x, size=2, alpha=2.0, beta=1.0, k=1.0)
    np.testing.assert_allclose(found.reshape(-1), [1 / 2, 2 / 6, 3 / 14], rtol=1e-6)
