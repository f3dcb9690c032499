"""What must hold of a file before it is published, whatever its quality.

Each check caught a real bug of some converter: an operator no phone has, a float file called int8,
a Softmax whose parts do not add up, an output beyond what was calibrated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
_BUG = "this is a bug of mobilekit: please report it with the model"


def check_operators(facts: FileFacts) -> None:
    """No Flex and no custom operator. Raises UnsoundArtifactError naming them."""
    custom = sorted({op.custom or op.name for op in facts.operators if op.name == "CUSTOM" or op.custom})
    if custom:
        kind = "Flex" if any(name.startswith(_FLEX) for name in custom) else "custom"
        message = f"the file has {kind} operators: {', '.join(custom)}; builtin operators expected"
        raise UnsoundArtifactError(message, hint="apps would need a library of their own to run it")


def check_int8(facts: FileFacts, planned_int8: int) -> None:
    """At least ``planned_int8`` convolutions have int8 activations. Raises UnsoundArtifactError."""
    convolutions = [op for op in facts.operators if op.name in CONVOLUTIONS]
    integer = sum(_activation(facts, op.name, op.inputs) == "int8" for op in convolutions)
    if integer < planned_int8:
        message = (
            f"{integer} of {len(convolutions)} convolutions have int8 activations, {planned_int8} planned"
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


def int8_values(graph: Graph, plan: QuantisationPlan) -> frozenset[str]:
    """The values of the legalised ``graph`` that an int8 operator of ``plan`` writes."""
    chosen = (o for o in operators(graph) if plan.precision_of(o.name) == "int8")
    return frozenset(value for operator in chosen for value in operator.outputs)


def check_output_ranges(
    outputs: Mapping[str, Array], plan: QuantisationPlan, *, written: Collection[str]
) -> None:
    """Outputs ``written`` by int8 operators lie within what their scale can say.

    Raises UnsoundArtifactError.
    """
    for name, value in outputs.items():
        scale = plan.values.get(name) if name in written else None
        if scale is None or not value.size or value.dtype.kind != "f":
            continue
        low, high = ((q - scale.zero_point) * scale.scale for q in (-128, 127))
        if float(value.min()) < low - scale.scale or float(value.max()) > high + scale.scale:
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


def planned_int8_convolutions(nodes: Sequence[onnx.NodeProto], plan: QuantisationPlan) -> int:
    """How many convolutions of a legalised graph ``plan`` has in int8."""
    convolutions = [node.output[0] for node in nodes if node.op_type in ("Conv", "ConvTranspose")]
    return sum(plan.precision_of(name) == "int8" for name in convolutions)
