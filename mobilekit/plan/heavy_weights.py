"""No int8 file carries heavy float32 weights: what stays float for its results' sake reads int8 weights.

The runtime then multiplies as in an int8-dynamic file: it quantises the operand as it comes, and the
result is float. Measured on a fusion network whose 4 style vectors are products of 512 x 128: 1.33 MB
with float32 weights, more than the fp16 file's 1.01, and 0.55 MB so, at the same 38.6 dB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mobilekit.plan.assign import NOT_FINITE
from mobilekit.plan.faster_in_float import REASON as FASTER

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.quantisation import OperatorPlan

KEPT = (NOT_FINITE, FASTER)
"""Reasons to be float that int8 weights do not serve: infinities, a depthwise convolution's time."""

LARGEST_SHARE = 0.005
"""Of all weights, what may stay float32 together: an int8 file is smaller than the fp16 one for sure."""


def lighten(
    view: GraphView, operators: Sequence[Operator], plans: Mapping[str, OperatorPlan]
) -> dict[str, OperatorPlan]:
    """``plans`` with int8 weights for float operators, but for the smallest weights.

    What touches infinite values keeps its weights: they have no steps that it could be quantised in. So does
    what is float to be fast.
    """
    weights = {node.output[0]: node.input[1] for node in view.nodes if len(node.input) > 1}
    readers: dict[str, list[str]] = {}
    for operator in operators:
        if operator.rule == "weights":
            readers.setdefault(weights[operator.name], []).append(operator.name)
    budget = LARGEST_SHARE * sum(view.constants[name].size for name in readers)
    found = dict(plans)
    for name in sorted(readers, key=lambda n: (view.constants[n].size, n)):
        in_float = [n for n in readers[name] if plans[n].precision == "float" and plans[n].reason not in KEPT]
        if not in_float:
            continue
        # Weights that an int8 operator reads too would be in the file twice.
        budget -= view.constants[name].size
        if budget < 0 or len(in_float) < len(readers[name]):
            found.update({n: _with_int8_weights(plans[n]) for n in in_float})
    return found


def _with_int8_weights(plan: OperatorPlan) -> OperatorPlan:
    return replace(plan, precision="int8-weights", reason=f"{plan.reason}; its weights are int8")
