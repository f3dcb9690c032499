"""Scales that the 8-bit kernels can connect: neighbours must not differ too much.

XNNPACK refuses to prepare a whole file for one factor out of bounds. Dead branches of real networks
reach that: their values are 1e-9 beside others of 1. Widening the smaller range is harmless there,
since its steps then are still far below what the operator can show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.plan.assign import ClassScales, widened

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.convert.tflite.view import GraphView

UNCONNECTABLE = "its operands' prescribed scales differ too much for the 8-bit kernel"

_LARGEST_FACTOR = 128.0  # XNNPACK: below 256 for convolutions and sums, at most 128 for activations
_SMALLEST_FACTOR = 1.0 / 512  # XNNPACK: from 1/1024 for sums on; 1/256 for activations
_SMALLEST_ACTIVATION_FACTOR = 1.0 / 128
_ROUNDS = 64
_TOLERANCE = 1.0 + 1e-6

_Floor = tuple[str, float]
"""A value and the least scale that it needs."""


def respect_limits(
    scales: Sequence[ClassScales], *, operators: Sequence[Operator], view: GraphView
) -> tuple[tuple[ClassScales, ...], dict[str, str]]:
    """``scales``, widened where an int8 operator needs it, and the operators that cannot be served."""
    found = list(scales)
    place = {value: index for index, each in enumerate(found) for value in each.scale_class.values}
    denied: dict[str, str] = {}
    for _ in range(_ROUNDS):
        changed = False
        for operator in operators:
            for value, floor in _floors(operator, view, found, place):
                current = found[place[value]]
                if current.scale.scale * _TOLERANCE >= floor or operator.name in denied:
                    continue
                if current.prescribed:
                    denied[operator.name] = UNCONNECTABLE
                else:
                    found[place[value]] = widened(current, floor)
                    changed = True
        if not changed:
            break
    return tuple(found), denied


def _floors(
    operator: Operator, view: GraphView, scales: Sequence[ClassScales], place: Mapping[str, int]
) -> Iterator[_Floor]:
    """The least scales that ``operator`` asks of its values, given the scales of the others."""
    if operator.rule in ("same-scale", "fixed") or not operator.inputs:
        return
    inputs = [scales[place[value]].scale.scale for value in operator.inputs]
    output = operator.outputs[0]
    result = scales[place[output]].scale.scale
    if operator.rule == "weights":
        yield output, inputs[0] * _weight_scale(operator, view) / _LARGEST_FACTOR
    elif operator.op_type == "Mul":
        product = inputs[0] * (inputs[1] if len(inputs) > 1 else _constant_scale(operator, view))
        yield output, product / _LARGEST_FACTOR
    else:
        sums = operator.op_type in ("Add", "Sub")
        least = _SMALLEST_FACTOR if sums else _SMALLEST_ACTIVATION_FACTOR
        for value, scale in zip(operator.inputs, inputs, strict=True):
            yield output, scale / _LARGEST_FACTOR
            yield value, result * least
        if operator.constants:
            yield output, _constant_scale(operator, view) / _LARGEST_FACTOR


def _weight_scale(operator: Operator, view: GraphView) -> float:
    node = next(node for node in view.nodes if node.output[0] == operator.name)
    return float(np.abs(view.constants[node.input[1]]).max(initial=0.0)) / 127.0


def _constant_scale(operator: Operator, view: GraphView) -> float:
    array = view.constants[operator.constants[0]]
    return (float(array.max(initial=0.0)) - float(array.min(initial=0.0))) / 255.0
