"""Constants that a file keeps in float16: large ones within its range."""

import numpy as np

from mobilekit.convert.halves import fits_half


def test_large_float32_constants_within_the_range_fit():
    """65504 is float16's largest; beyond, or with few numbers, or of another type, they stay."""
    assert fits_half(np.full(64, 65504.0, np.float32))
    assert fits_half(np.full(64, -65504.0, np.float32))
    assert not fits_half(np.full(64, 65520.0, np.float32))
    assert not fits_half(np.ones(63, np.float32))
    assert not fits_half(np.ones(64, np.int32))
