"""What must hold of a file before it is published, whatever its quality.

Each check caught a real bug of some converter: an operator no phone has, a float file called int8,
a Softmax whose parts do not add up, an output beyond what was calibrated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.quantisable import operators
from mobilekit.errors import UnsoundArtifactError
from mobilekit.package.tflite_facts import CONVOLUTIONS, FileFacts

if TYPE_CHECKING:
    import onnx

    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array

_FLEX = "Flex"
_INTEGERS = {"int8": (-128, 127), "int16": (-32768, 32767)}
_BUG = "this is a bug of mobilekit: please report it with the model"


def check_operators(facts: FileFacts) -> None:
    """No Flex and no custom operator. Raises UnsoundArtifactError naming them."""
    custom = sorted({op.custom or op.name for op in facts.operators if op.name == "CUSTOM" or op.custom})
    if custom:
        kind = "Flex" if any(name.startswith(_FLEX) for name in custom) else "custom"
        message = f"the file has {kind} operators: {', '.join(custom)}; builtin operators expected"
        raise UnsoundArtifactError(message, hint="apps would need a library of their own to run it")


def check_activations(facts: FileFacts, planned: Mapping[str, int]) -> None:
    """At least the ``planned`` convolutions have activations of a type (``int8``, ``int16``).

    Raises UnsoundArtifactError.
    """
    convolutions = [op for op in facts.operators if op.name in CONVOLUTIONS]
    for dtype, least in planned.items():
        integer = sum(_activation(facts, op.name, op.inputs) == dtype for op in convolutions)
        if integer < least:
            message = (
                f"{integer} of {len(convolutions)} convolutions have {dtype} activations, {least} planned"
            )
            raise UnsoundArtifactError(message, hint=_BUG)


def _activation(facts: FileFacts, name: str, inputs: tuple[int, ...]) -> str:
    """Element type of a convolution's data operand; TRANSPOSE_CONV has it in third place."""
    return facts.tensors[inputs[2 if name == "TRANSPOSE_CONV" else 0]].dtype


def check_softmax(outputs: Mapping[str, Array], axes: Mapping[str, int]) -> None:
    """Outputs made by a Softmax sum to 1 along its axis. Raises UnsoundArtifactError.

    The tolerance is half a step of 1/256 per class, plus a hundredth.
    """
    for name, axis in axes.items():
        value = np.asarray(outputs[name], dtype=np.float64)
        wrong = float(np.abs(value.sum(axis=axis) - 1.0).max())
        tolerance = 0.01 + value.shape[axis] / 512.0
        if not wrong <= tolerance:
            message = f"output {name} of a Softmax sums to 1 ± {wrong:.3f}, at most {tolerance:.3f} expected"
            raise UnsoundArtifactError(message, hint=_BUG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Representable:
    """The least and the greatest number that an integer value can say, and its step."""

    minimum: float
    maximum: float
    step: float


def written_by_integers(graph: Graph, plan: QuantisationPlan) -> dict[str, Representable]:
    """The values of the legalised ``graph`` that an int8 or int16 operator of ``plan`` writes."""
    found: dict[str, Representable] = {}
    for operator in operators(graph):
        precision = plan.precision_of(operator.name)
        if precision not in _INTEGERS:
            continue
        scales = plan.values if precision == "int8" else plan.values_int16
        for value in filter(None, operator.outputs):
            scale = scales[value]
            low, high = ((q - scale.zero_point) * scale.scale for q in _INTEGERS[precision])
            found[value] = Representable(minimum=low, maximum=high, step=scale.scale)
    return found


def check_output_ranges(outputs: Mapping[str, Array], *, written: Mapping[str, Representable]) -> None:
    """Outputs ``written`` by integer operators lie within what their scale can say, but for one step.

    Raises UnsoundArtifactError.
    """
    for name, value in outputs.items():
        limits = written.get(name)
        if limits is None or not value.size or value.dtype.kind != "f":
            continue
        low, high = limits.minimum, limits.maximum
        if float(value.min()) < low - limits.step or float(value.max()) > high + limits.step:
            got = f"{float(value.min()):.4g} to {float(value.max()):.4g}"
            message = f"output {name} is {got}, outside its calibrated {low:.4g} to {high:.4g}"
            raise UnsoundArtifactError(message, hint=_BUG)


def check_finite(
    outputs: Mapping[str, Array], *, where: str, reference: Mapping[str, Array] | None = None
) -> None:
    """No NaN or infinity, but where the reference has one too. Raises UnsoundArtifactError."""
    for name, value in outputs.items():
        bad = _non_finite(value, reference.get(name) if reference else None)
        if bad:
            message = f"{where}: output {name} has {bad} of {value.size} values NaN or infinite"
            raise UnsoundArtifactError(message, hint="try another precision; ONNX Runtime's are finite there")


def _non_finite(value: Array, reference: Array | None) -> int:
    if value.dtype.kind != "f":
        return 0
    bad = ~np.isfinite(value)
    return int((bad & np.isfinite(reference) if reference is not None else bad).sum())


def softmax_outputs(nodes: Sequence[onnx.NodeProto], outputs: Sequence[str]) -> dict[str, int]:
    """Outputs of a legalised graph that a Softmax makes, with its axis (ONNX layout)."""
    return {
        node.output[0]: next((a.i for a in node.attribute if a.name == "axis"), -1)
        for node in nodes
        if node.op_type == "Softmax" and node.output[0] in outputs
    }


def planned_convolutions(nodes: Sequence[onnx.NodeProto], plan: QuantisationPlan) -> dict[str, int]:
    """How many convolutions of a legalised graph ``plan`` has in int8, and in int16."""
    convolutions = [node.output[0] for node in nodes if node.op_type in ("Conv", "ConvTranspose")]
    planned: list[str] = [plan.precision_of(name) for name in convolutions]
    return {precision: planned.count(precision) for precision in _INTEGERS}
