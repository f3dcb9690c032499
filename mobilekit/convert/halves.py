"""Which constants a file keeps in float16."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.tensors import Array

# Smaller constants than this stay float32 in an fp16 file: their bytes are fewer than a tensor's.
_MINIMUM_ELEMENTS = 64
_MAXIMUM = 65504.0


def fits_half(array: Array) -> bool:
    """Whether float16 holds all numbers of a float32 constant that is large enough to gain by it."""
    large = array.dtype == np.float32 and array.size >= _MINIMUM_ELEMENTS
    return large and float(np.abs(array).max()) <= _MAXIMUM
