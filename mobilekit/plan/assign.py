"""One scale for each class of values, and the classes where no scale serves all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.plan.ranges import LEVELS, balanced, including_zero, range_of, scale_of, union
from mobilekit.quantisation import TensorRange

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.plan.same_scale import ScaleClass
    from mobilekit.quantisation import Scale

TIED_IMAGE = "ties a model input, whose scale is that of its declared range, to values outside it"
TIED_FIXED = "its 8-bit scale is prescribed, and what it is joined with does not fit into it"
NOT_FINITE = "a value it touches is infinite or NaN on a calibration sample"

UNEQUAL = "joins values of different sizes for float operators: the smaller ones would lose steps"

_LARGEST_JOIN = 1.5
"""How much coarser than its own a joint scale may be where nothing but copying is saved by it."""

_LARGEST_PAD = 1e30  # pads of a max pool are the lowest float: saturated in int8, which is right


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScales:
    """The scale of a class, and what does not fit it: inputs or operators with prescribed scales."""

    scale_class: ScaleClass
    scale: Scale
    interval: TensorRange
    prescribed: bool = False
    image_misfit: bool = False
    fixed_misfits: tuple[str, ...] = ()


def class_scales(
    classes: Iterable[ScaleClass],
    *,
    view: GraphView,
    operators: Sequence[Operator],
    images: Mapping[str, Scale],
    ranges: Mapping[str, TensorRange],
    symmetric: bool = False,
) -> tuple[ClassScales, ...]:
    """Each class's scale: a prescribed one where all else fits into it, else of the joint range.

    Prescribed are the scales of image inputs (``images``) and of operators like Softmax;
    ``ranges`` has the observed sources. ``symmetric``: zero points are zero where none is prescribed.
    """
    fixed: dict[str, tuple[str, Scale]] = {}
    for operator in operators:
        if operator.fixed is not None:
            fixed.update(dict.fromkeys(operator.outputs, (operator.name, operator.fixed)))
    pads = pad_values(view)
    result = []
    for each in classes:
        outputs = [value for value in each.sources if value in fixed]
        inputs = [value for value in each.sources if value in images]
        free = [ranges[value] for value in each.sources if value not in fixed and value not in images]
        free += [constant_range(view, name) for name in each.constants]
        free += [pads[o.name] for o in each.operators if o.name in pads]
        result.append(
            _choose(
                each,
                free,
                {images[value] for value in inputs},
                dict(fixed[value] for value in outputs),
                symmetric=symmetric,
            )
        )
    return tuple(result)


def conflicts(
    scales: Iterable[ClassScales], *, operators: Sequence[Operator], unusable: frozenset[str]
) -> dict[str, str]:
    """Operators that must be float after all, with the reason: nothing else resolves their class."""
    denied: dict[str, str] = {}
    for found in scales:
        denied.update(dict.fromkeys(found.fixed_misfits, TIED_FIXED))
        if found.image_misfit:
            joins = [o.name for o in found.scale_class.operators if len(o.inputs) + len(o.constants) > 1]
            names = joins or [o.name for o in found.scale_class.operators]
            denied.update(dict.fromkeys(names, TIED_IMAGE))
        broken = unusable & set(found.scale_class.sources)
        if broken:
            touched = set(found.scale_class.values)
            names = [o.name for o in operators if touched & {*o.inputs, *o.outputs}]
            denied.update(dict.fromkeys(names, NOT_FINITE))
    return denied


def unequal_joins(
    scales: Iterable[ClassScales], *, operators: Sequence[Operator], ranges: Mapping[str, TensorRange]
) -> dict[str, str]:
    """Concats that only float operators read, of values whose own scales are finer than the joint one."""
    place = {value: found for found in scales for value in found.scale_class.values}
    read = {value for operator in operators for value in operator.inputs}
    denied = {}
    for operator in operators:
        if operator.op_type != "Concat" or operator.rule != "same-scale" or read & {*operator.outputs}:
            continue
        parts = [ranges[value] for value in operator.inputs if value in ranges]
        least = min((scale_of(part).scale for part in parts), default=0.0)
        if place[operator.outputs[0]].scale.scale > _LARGEST_JOIN * least:
            denied[operator.name] = UNEQUAL
    return denied


def widened(found: ClassScales, least: float) -> ClassScales:
    """``found`` with its range widened about zero until its scale is ``least``."""
    extent = found.interval.maximum - found.interval.minimum
    grow = least * LEVELS / extent if extent > 0.0 else 0.0
    low, high = found.interval.minimum * grow, found.interval.maximum * grow
    interval = TensorRange(minimum=low, maximum=high) if grow else including_zero(0.0, least * LEVELS)
    return replace(found, scale=scale_of(interval), interval=interval)


def _choose(
    each: ScaleClass,
    free: Sequence[TensorRange],
    inputs: set[Scale],
    fixed: Mapping[str, Scale],
    *,
    symmetric: bool,
) -> ClassScales:
    prescribed = inputs | set(fixed.values())
    if len(prescribed) == 1:
        scale = next(iter(prescribed))
        if all(_fits(interval, scale) for interval in free):
            return ClassScales(scale_class=each, scale=scale, interval=range_of(scale), prescribed=True)
    joint = union([*free, *(range_of(scale) for scale in prescribed)])
    joint = balanced(joint) if symmetric else joint
    # An image input's scale is part of the file's interface, a Softmax can as well be float.
    return ClassScales(
        scale_class=each,
        scale=scale_of(joint),
        interval=joint,
        image_misfit=bool(inputs) and not fixed,
        fixed_misfits=tuple(fixed),
    )


def _fits(interval: TensorRange, scale: Scale) -> bool:
    """Whether ``scale`` represents ``interval``, but for one step at its ends."""
    limits = range_of(scale)
    return (
        interval.minimum >= limits.minimum - scale.scale and interval.maximum <= limits.maximum + scale.scale
    )


def constant_range(view: GraphView, name: str) -> TensorRange:
    """The range of a constant's numbers, with zero in it."""
    array = view.constants[name]
    return including_zero(float(array.min()), float(array.max())) if array.size else including_zero(0.0, 0.0)


def pad_values(view: GraphView) -> dict[str, TensorRange]:
    """What each Pad fills in, where that is a number that matters."""
    found = {}
    for node in view.nodes:
        if (
            node.op_type == "Pad"
            and not node.domain
            and len(node.input) > 2
            and node.input[2] in view.constants
        ):
            value = float(view.constants[node.input[2]].reshape(()))
            if np.isfinite(value) and abs(value) < _LARGEST_PAD:
                found[node.output[0]] = including_zero(value, value)
    return found
