"""pad. Source: iOS15 ``pad`` of the MIL operations' documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.windows import integers

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("pad", exact=True)
def pad(call: Call) -> Array:
    """``x`` with ``pad`` [2 n] elements before and after each of its last n axes.

    Modes: ``constant``, ``reflect`` (without the edge), ``replicate`` (of the edge). Refuses another mode,
    negative amounts, and reflections beyond what the documentation allows.
    """
    x, mode = call["x"], call.text("mode", "constant")
    amounts = np.asarray(integers(call["pad"], [])).reshape(-1, 2)
    if (amounts < 0).any():
        call.refuse(f"pad by {amounts.tolist()}: amounts must not be negative")
    constant = call.number("constant_val", 0.0)
    if mode == "constant":
        around = [(0, 0)] * (x.ndim - len(amounts)) + [(int(before), int(after)) for before, after in amounts]
        return np.pad(x, around, constant_values=np.asarray(constant, x.dtype))
    for i, (before, after) in enumerate(amounts):
        axis = x.ndim - len(amounts) + i
        if before or after:
            x = np.take(x, _sources(mode, x.shape[axis], int(before), int(after)), axis=axis)
    return x


def _sources(mode: str, size: int, before: int, after: int) -> Array:
    """Which element each element of the padded axis is."""
    positions = np.arange(-before, size + after)
    if mode == "replicate":
        return np.clip(positions, 0, size - 1)
    if mode == "reflect":
        if max(before, after) >= size:
            message = f"reflection of {max(before, after)} elements from an axis of {size}"
            raise ValueError(message)
        return (size - 1) - np.abs((size - 1) - np.abs(positions))
    message = f"pad mode {mode!r}; expected constant, reflect or replicate"
    raise ValueError(message)
