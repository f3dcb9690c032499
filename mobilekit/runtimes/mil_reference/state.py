"""Buffers that outlive a prediction (iOS 18): ``read_state`` and ``write_state`` go through them."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.types import STORED, TensorType, carrier

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A named buffer in the caller's mapping; zeros until it is written."""

    name: str
    type: TensorType
    values: MutableMapping[str, Array]

    def read(self) -> Array:
        """The buffer's content, as ops get it."""
        if self.name not in self.values:
            shape = tuple(d or 0 for d in self.type.shape or ())
            self.values[self.name] = np.zeros(shape, STORED[self.type.dtype])
        return np.asarray(self.values[self.name]).astype(carrier(self.type.dtype))

    def write(self, value: Array) -> None:
        """Replace the content, in the buffer's own type."""
        self.values[self.name] = value.astype(STORED[self.type.dtype])
