"""Rounding to fp16 is NumPy's, however many numbers there are."""

import numpy as np
import pytest

from mobilekit.runtimes.mil_reference.half import rounded_to_half


@pytest.mark.parametrize("count", [7, 100_000])
def test_few_and_many_are_rounded_alike(count):
    """Few and many numbers are rounded alike: ties to even, overflow, subnormals, NaN."""
    special = [65519.9, 65520.0, -1e9, 2049.0, 6e-8, 1e-9, np.nan]
    drawn = np.random.default_rng(0).standard_normal(count - len(special)) * 100
    x = np.concatenate([special, drawn]).astype(np.float32)
    with np.errstate(over="ignore"):
        expected = x.astype(np.float16).astype(np.float32)
    with np.errstate(over="ignore"):
        rounded = rounded_to_half(x.reshape(1, -1))
    assert rounded.dtype == np.float32
    np.testing.assert_array_equal(rounded, expected[None])
