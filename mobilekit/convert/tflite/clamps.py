"""A RELU whose result is only quantised is left to the QUANTIZE, which ends at zero as well.

XNNPACK computes the fused activation of a float ADD as a pass of its own. Where the int8 tensor starts
at zero (zero point -128), saturation does the same::

    ADD(RELU) ─ QUANTIZE(zero point -128)    becomes    ADD ─ QUANTIZE(zero point -128)

The integers are the same; the float tensor between them is no longer the value it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.convert.tflite.builder import FileBuilder, TensorDraft

_LOWEST = -128
_STEPS = 255
ENDS = {"RELU": float("inf"), "RELU6": 6.0}
"""Where activations that begin at zero end."""


def drop_clamps(builder: FileBuilder) -> frozenset[int]:
    """Remove the activations that change no integer; the tensors that are not clamped any more."""
    readers: dict[int, list[int]] = {}
    for place, operator in enumerate(builder.operators):
        for index in operator.inputs:
            readers.setdefault(index, []).append(place)
    found: list[int] = []
    for place, operator in enumerate(builder.operators):
        end = ENDS.get(str(operator.options.get("fusedActivationFunction")))
        result = operator.outputs[0]
        if end is None or builder.tensors[result].dtype != np.float32 or result in builder.outputs:
            continue
        reading = [builder.operators[reader] for reader in readers.get(result, ())]
        if reading and all(
            r.kind == "QUANTIZE" and saturates_at(builder.tensors[r.outputs[0]], end) for r in reading
        ):
            options = {**operator.options, "fusedActivationFunction": "NONE"}
            builder.operators[place] = replace(operator, options=options)
            found.append(result)
    return frozenset(found)


def saturates_at(tensor: TensorDraft, end: float) -> bool:
    """Whether an int8 tensor holds nothing below zero, nor above ``end``."""
    quantisation = tensor.quantisation
    if tensor.dtype != np.int8 or quantisation is None:
        return False
    return quantisation.zero_points == (_LOWEST,) and quantisation.scales[0] * _STEPS <= end
