"""Int8 arithmetic written out in ONNX: any part of a plan, in a float graph that ONNX Runtime runs.

A file cannot have one tensor rounded and the rest exact; a graph can::

    x ─ Conv(w) ─ y        becomes        x ─ Q ─ DQ ─ Conv(w rounded) ─ Q ─ DQ ─ y

What is rounded is a :class:`Source` of error, so each can be looked at alone. Sums of rounded numbers
are float here and int32 in the file: the difference is far below a step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mobilekit.plan.even_weights import even_rounded
from mobilekit.plan.same_scale import scale_classes
from mobilekit.quantisation import INTEGERS
from mobilekit.source.graph import graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.quantisation import OperatorPlan, QuantisationPlan, Scale
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array

_OUTPUT_AXIS = {"ConvTranspose": 1, "Gemm": 0, "MatMul": 1}
_LARGEST = 127.0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Source:
    """One thing that int8 rounds: a ``value`` of the graph, or the constant ``operands`` of an operator."""

    kind: Literal["value", "operands"]
    name: str


def sources_of(operators: Sequence[Operator], precisions: Mapping[str, OperatorPlan]) -> tuple[Source, ...]:
    """What a plan with these ``precisions`` rounds, in the order of the graph.

    Values that same-scale operators make of rounded ones are no sources: nothing is rounded twice. The
    weights of int16 operators are int8 too, their values count as exact.
    """
    chosen = [o for o in operators if precisions[o.name].precision == "int8"]
    values = (value for each in scale_classes(chosen) for value in each.sources)
    found = [Source(kind="value", name=value) for value in values]
    found += [
        Source(kind="operands", name=o.name)
        for o in operators
        if precisions[o.name].precision in INTEGERS
        and (o.rule == "weights" or (o.constants and o.rule == "free"))
    ]
    return tuple(found)


def simulated(
    graph: Graph, plan: QuantisationPlan, operators: Sequence[Operator], *, sources: Collection[Source]
) -> Graph:
    """``graph`` (as equalised by the plan) with ``sources`` rounded as an int8 file of ``plan`` does it.

    A value that an int8 operator writes is rounded for all its readers, another for int8 readers only.
    """
    model = graph.proto()
    integer = {o.name: o for o in operators if plan.precision_of(o.name) == "int8"}
    written = {value for o in integer.values() for value in o.outputs}
    rounded = [s.name for s in sources if s.kind == "value" and s.name in plan.values]
    operands = {s.name for s in sources if s.kind == "operands"}
    for node in model.graph.node:
        if node.output[0] in operands & integer.keys():
            round_operands(model, node, integer[node.output[0]])
    nodes: list[onnx.NodeProto] = []
    renamed: dict[str, str] = {}
    for value in sorted(set(rounded) - written):
        result = f"{value}/int8"
        renamed[value] = result
    starts = {spec.name for spec in model.graph.input}
    for value in sorted(starts & renamed.keys()):
        nodes += round_trip(model, value, renamed[value], plan.values[value])
    everywhere = set(rounded) & written
    for node in model.graph.node:
        if node.output[0] in integer:
            for slot, name in enumerate(node.input):
                node.input[slot] = renamed.get(name, name)
        raw = {name: f"{name}/float" for name in node.output if name in everywhere}
        for slot, name in enumerate(node.output):
            node.output[slot] = raw.get(name, name)
        nodes.append(node)
        for name, before in raw.items():
            nodes += round_trip(model, before, name, plan.values[name])
        for name in node.output:
            if name in renamed:
                nodes += round_trip(model, name, renamed[name], plan.values[name])
    copied = [_copy(node) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copied)
    return graph_from_proto(model, stage=graph.stage)


def round_trip(model: onnx.ModelProto, value: str, result: str, scale: Scale) -> Iterator[onnx.NodeProto]:
    """The two nodes that make ``result`` of ``value``, rounded to int8 and back."""
    from onnx.helper import make_node

    step, zero = f"{result}/scale", f"{result}/zero"
    add_constant(model, step, np.array(scale.scale, np.float32))
    add_constant(model, zero, np.array(scale.zero_point, np.int8))
    yield make_node("QuantizeLinear", [value, step, zero], [f"{result}/integer"])
    yield make_node("DequantizeLinear", [f"{result}/integer", step, zero], [result])


def round_operands(model: onnx.ModelProto, node: onnx.NodeProto, operator: Operator) -> None:
    """Give ``node``, the ``operator`` or a copy of it, rounded constants of its own."""
    import onnx

    wanted = [node.input[1]] if operator.rule == "weights" else list(operator.constants)
    constants = {tensor.name: tensor for tensor in model.graph.initializer if tensor.name in wanted}
    for slot, operand in enumerate(node.input):
        if operand in constants:
            array = onnx.numpy_helper.to_array(constants[operand])
            own = f"{operand}/int8/{node.output[0]}"
            add_constant(model, own, rounded(array, node.op_type))
            node.input[slot] = own


def rounded(array: Array, op_type: str) -> Array:
    """Constants as their int8 form says them: weights symmetric per output channel, others per tensor."""
    wide = array.astype(np.float64)
    if op_type == "Conv":
        return np.asarray(even_rounded(array), array.dtype)
    if op_type not in _OUTPUT_AXIS:
        low, high = min(float(wide.min(initial=0.0)), 0.0), max(float(wide.max(initial=0.0)), 0.0)
        step = (high - low) / 255.0 or 1.0
        return np.asarray(np.round(wide / step) * step, array.dtype)
    axis = _OUTPUT_AXIS[op_type]
    others = tuple(i for i in range(wide.ndim) if i != axis)
    largest = np.abs(wide).max(axis=others, keepdims=True)
    steps = np.where(largest > 0.0, largest, 1.0) / _LARGEST
    return np.asarray(np.round(wide / steps) * steps, array.dtype)


def add_constant(model: onnx.ModelProto, name: str, array: Array) -> None:
    """A new initializer."""
    import onnx

    model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    import onnx

    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy
