"""Indices of gathers and scatters: negative ones by the operation set's rule, and none out of bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import UnsoundArtifactError
from mobilekit.runtimes.mil_reference.call import Call

if TYPE_CHECKING:
    from mobilekit.tensors import Array


def within(call: Call, indices: Array, sizes: int | Array) -> Array:
    """``indices`` as non-negative int64 below ``sizes`` (of the axis, or one per element of the last axis).

    Raises UnsoundArtifactError where one is out of bounds.
    """
    call.ignore("validate_indices")  # out of bounds is an error here either way
    wide = np.asarray(indices).astype(np.int64)
    if call.opset < 17:
        wide = np.where(wide < 0, wide + sizes, wide)
    outside = (wide < 0) | (wide >= sizes)
    if outside.any():
        first = int(np.asarray(indices)[outside][0])
        sizes_of = np.asarray(sizes).tolist()
        message = f"index {first} is out of bounds for size {sizes_of} in opset iOS{call.opset}"
        raise UnsoundArtifactError(
            message, hint="Core ML's result is undefined here: clamp indices in the model"
        )
    return wide
