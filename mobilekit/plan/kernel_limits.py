"""Rescaling factors that the runtime's 8-bit kernels refuse: such operators stay in float.

XNNPACK fails to create its runtime, and with it the whole file, where the factor from an operator's
accumulator to its output is 256 or more. It takes an output that hardly ever differs from zero, such
as a branch that training has switched off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.quantisation import Scale

REASON = "its output is too small beside its inputs for the 8-bit kernel to rescale"

_MOST_RESCALING = 128.0
_INT8_MAXIMUM = 127.0


def out_of_limits(
    view: GraphView, operators: Sequence[Operator], scales: Mapping[str, Scale]
) -> dict[str, str]:
    """The int8 ``operators`` (by name) whose factor is out of the kernels' limits, with the reason."""
    weights = {node.output[0]: _largest_weight(view, list(node.input)) for node in view.nodes}
    denied = {}
    for operator in operators:
        if operator.rule in ("weights", "free") and len(operator.outputs) == 1:
            factor = _factor(operator, scales, weights[operator.name])
            if factor >= _MOST_RESCALING:
                denied[operator.name] = REASON
    return denied


def _factor(operator: Operator, scales: Mapping[str, Scale], weight: float) -> float:
    inputs = [scales[name].scale for name in operator.inputs if name in scales]
    target = scales.get(operator.outputs[0])
    if target is None or not inputs:
        return 0.0
    if operator.rule == "weights":
        return inputs[0] * weight / _INT8_MAXIMUM / target.scale
    if operator.op_type == "Mul":
        return float(np.prod(inputs)) / target.scale if len(inputs) == 2 else 0.0
    return max(inputs) / target.scale


def _largest_weight(view: GraphView, inputs: Sequence[str]) -> float:
    if len(inputs) < 2 or inputs[1] not in view.constants:
        return 0.0
    array = view.constants[inputs[1]]
    return float(np.abs(array).max()) if array.size and array.dtype.kind == "f" else 0.0
