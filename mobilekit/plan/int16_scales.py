"""One symmetric int16 scale for each class of values, and the operators that no scale serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.plan.assign import NOT_FINITE, TIED_FIXED, constant_range, pad_values
from mobilekit.plan.ranges import SMALLEST_SCALE
from mobilekit.quantisation import Scale

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.plan.same_scale import ScaleClass

LARGEST = 32767
_LARGEST_FACTOR = 128.0
"""LiteRT shifts 64-bit sums left by less than 8 bits; sums refuse factors from 16384 on."""
_ROUNDS = 64
_TOLERANCE = 1.0 + 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Int16Scales:
    """The scale of every value, and operators that must be float (or int8) after all, with the reason."""

    values: Mapping[str, Scale]
    denied: Mapping[str, str]


def int16_scales(
    classes: Sequence[ScaleClass],
    *,
    operators: Sequence[Operator],
    view: GraphView,
    extremes: Mapping[str, float],
    unusable: frozenset[str],
) -> Int16Scales:
    """Scales from ``extremes`` (largest magnitudes), of ``operators`` with their int16 rules.

    ``unusable`` values were infinite or NaN. A prescribed scale holds where its class fits into it.
    """
    fixed = {v: (o.name, o.fixed) for o in operators if o.fixed is not None for v in o.outputs}
    pads = pad_values(view)
    steps: dict[str, float] = {}
    denied: dict[str, str] = {}
    prescribed: set[str] = set()
    for each in classes:
        broken = unusable & set(each.sources)
        if broken:
            touched = {o.name: NOT_FINITE for o in operators if {*each.values} & {*o.inputs, *o.outputs}}
            denied.update(touched)
            continue
        largest = max([extremes[v] for v in each.sources if v not in fixed], default=0.0)
        ranges = [constant_range(view, name) for name in each.constants]
        ranges += [pads[o.name] for o in each.operators if o.name in pads]
        largest = max([largest, *(max(-r.minimum, r.maximum) for r in ranges)])
        step = max(float(np.float32(largest / LARGEST)), SMALLEST_SCALE)
        owners = [fixed[v] for v in each.sources if v in fixed]
        if owners:
            if step > owners[0][1].scale * LARGEST / (LARGEST - 1):
                denied.update({name: TIED_FIXED for name, _ in owners})
            step = owners[0][1].scale
            prescribed.update(each.values)
        steps.update(dict.fromkeys(each.values, step))
    if not denied:
        _widen(steps, classes, operators, view, prescribed)
    return Int16Scales(
        values={name: Scale(scale=step, zero_point=0) for name, step in steps.items()}, denied=denied
    )


def _widen(
    steps: dict[str, float],
    classes: Sequence[ScaleClass],
    operators: Sequence[Operator],
    view: GraphView,
    prescribed: set[str],
) -> None:
    """Widen the scales of results that are next to nothing beside what makes them.

    The kernels' factors are bounded; the steps stay far below what such a result can show.
    """
    tied = {value: each.values for each in classes for value in each.values}
    weights = {node.output[0]: node.input[1] for node in view.nodes if len(node.input) > 1}
    for _ in range(_ROUNDS):
        changed = False
        for operator in operators:
            for value, floor in _floors(operator, view, steps, weights):
                if value not in prescribed and steps[value] * _TOLERANCE < floor:
                    steps.update(dict.fromkeys(tied[value], float(np.float32(floor))))
                    changed = True
        if not changed:
            return


def _floors(
    operator: Operator, view: GraphView, steps: Mapping[str, float], weights: Mapping[str, str]
) -> Iterator[tuple[str, float]]:
    if operator.rule_int16 in ("same-scale", "fixed") or not operator.inputs:
        return
    inputs = [steps[value] for value in operator.inputs]
    inputs += [_constant_step(view, name) for name in operator.constants]
    output = operator.outputs[0]
    if operator.rule_int16 == "weights":
        largest = float(np.abs(view.constants[weights[operator.name]]).max(initial=0.0))
        yield output, inputs[0] * largest / 127.0 / _LARGEST_FACTOR
    elif operator.op_type == "Mul":
        yield output, float(np.prod(inputs))
    elif operator.op_type == "MatMul":
        yield output, float(np.prod(inputs)) / _LARGEST_FACTOR
    elif operator.op_type != "Div":
        yield output, max(inputs) / _LARGEST_FACTOR


def _constant_step(view: GraphView, name: str) -> float:
    return float(np.abs(view.constants[name]).max(initial=0.0)) / LARGEST
