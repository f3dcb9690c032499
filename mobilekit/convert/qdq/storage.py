"""The element type that integers of activations have in the file.

A plan has int8 and int16. Qualcomm's processors compute with unsigned activations. With a sign the emulator
of HTP (onnxruntime-qnn 2.7.0) takes every operator too, and a Pad before a convolution is wrong: a detector's
boxes are at 40 dB instead of 65. So the file has them as uint8 and uint16, 128 and 32768 higher, and zero
points too: every real value is the same. Where all zero points are 0 the sign stays, as TensorRT wants it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.tensors import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Whether integers of activations keep their sign."""

    signed: bool

    def of(self, integers: Array) -> Array:
        """Int8 or int16 ``integers`` as the file has them."""
        if self.signed:
            return integers
        limits = np.iinfo(integers.dtype)
        unsigned = np.dtype(f"u{integers.dtype.name}")
        return (integers.astype(np.int32) - limits.min).astype(unsigned)


def stored_by(plan: QuantisationPlan | None) -> Storage:
    """With a sign where every int8 zero point of the plan is 0, and no operator is int16."""
    if plan is None or plan.values_int16:
        return Storage(signed=False)
    return Storage(signed=all(scale.zero_point == 0 for scale in plan.values.values()))
