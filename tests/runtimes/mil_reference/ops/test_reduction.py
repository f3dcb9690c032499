"""Reductions over some axes and over all."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.types import TensorType
from tests.runtimes.mil_reference.support import HALF, INT, evaluated

X = np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4)

CASES = {
    "reduce_sum": np.sum,
    "reduce_mean": np.mean,
    "reduce_max": np.max,
    "reduce_min": np.min,
    "reduce_prod": np.prod,
    "reduce_l1_norm": lambda x, axis: np.sum(np.abs(x), axis=axis),
    "reduce_l2_norm": lambda x, axis: np.sqrt(np.sum(x * x, axis=axis)),
    "reduce_log_sum": lambda x, axis: np.log(np.sum(x, axis=axis)),
    "reduce_log_sum_exp": lambda x, axis: np.log(np.sum(np.exp(x), axis=axis)),
    "reduce_sum_square": lambda x, axis: np.sum(x * x, axis=axis),
}


@pytest.mark.parametrize("kind", CASES)
def test_reductions(kind):
    """Each reduces the axes asked for, all by default, and keeps them where asked."""
    expected = CASES[kind](X.astype(np.float64), axis=(0, 2))
    found = evaluated(kind, x=X, axes=np.array([0, -1], np.int32))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    kept = evaluated(kind, x=X, axes=np.array([0, 2], np.int32), keep_dims=np.array(True))
    np.testing.assert_allclose(kept, expected[None, :, None], rtol=1e-6)
    assert evaluated(kind, x=X).shape == ()


def test_log_sum_exp_of_large_numbers():
    """Large numbers do not overflow in log-sum-exp, infinite ones stay."""
    assert evaluated("reduce_log_sum_exp", x=[1000.0, 1000.0]) == pytest.approx(1000 + np.log(2))
    assert evaluated("reduce_log_sum_exp", x=[-np.inf, -np.inf]) == -np.inf


def test_half_precision_overflows():
    """A sum that fp16 cannot hold is infinite there, although it was computed in more."""
    assert evaluated("reduce_sum", x=np.full(100, 1000, np.float32), outputs=(HALF,)) == np.inf


def test_indices():
    """The index of the first extreme, in the type asked for, from iOS17 on."""
    x = np.array([[1, 5, 5], [9, 0, 0]], np.float32)
    np.testing.assert_array_equal(evaluated("reduce_argmax", x=x, outputs=(INT,)), [1, 0])
    np.testing.assert_array_equal(evaluated("reduce_argmin", x=x, axis=0, outputs=(INT,)), [0, 1, 1])
    kind = TensorType(dtype="uint16", shape=None)
    assert evaluated("reduce_argmax", x=x, output_dtype="uint16", outputs=(kind,)).dtype == np.uint16
    with pytest.raises(UnsupportedOperatorError, match="output_dtype 'int8'"):
        evaluated("reduce_argmax", x=x, output_dtype="int8", outputs=(INT,))
    with pytest.raises(UnsupportedOperatorError, match="parameters output_dtype"):
        evaluated("reduce_argmax", x=x, output_dtype="int32", outputs=(INT,), opset=16)
