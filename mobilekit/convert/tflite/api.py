"""Legalised graph in, .tflite bytes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mobilekit.convert.tflite.carried import channel_factors
from mobilekit.convert.tflite.clamps import drop_clamps
from mobilekit.convert.tflite.emitter import PLANNED, Emitter, Form, Precision
from mobilekit.convert.tflite.fusion import fuse
from mobilekit.convert.tflite.layout import permutation
from mobilekit.convert.tflite.metadata import border_entry, metadata
from mobilekit.convert.tflite.ops import TABLE
from mobilekit.convert.tflite.rows import repeat_along_rows
from mobilekit.convert.tflite.view import GraphView, view_of
from mobilekit.convert.tflite.writer import write
from mobilekit.errors import PlanError, UnsupportedOperatorError
from mobilekit.tensors import Layout, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mobilekit.convert.tflite.builder import FileBuilder
    from mobilekit.description import ModelDescription, TensorDescription
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph

InputOutput = Literal["float32", "int8"]


def emit(
    graph: Graph,
    *,
    precision: Precision,
    plan: QuantisationPlan | None = None,
    description: ModelDescription | None = None,
    source_inputs: tuple[TensorSpec, ...] | None = None,
    source_outputs: tuple[TensorSpec, ...] | None = None,
    io: InputOutput = "float32",
) -> bytes:
    """The .tflite file of a legalised ``graph``, in canonical bytes.

    Inputs and outputs described as images are NHWC in the file, others keep their ONNX layout. An
    int8 or w8a16 file needs the ``plan`` (of the graph as equalised); ``io="int8"`` makes the float inputs
    and outputs int8 with the plan's scales. ``source_inputs`` and ``source_outputs`` are the specs
    that ``run`` shall speak, the graph's own by default. Raises UnsupportedOperatorError and
    PlanError.
    """
    emitter = _written(graph, precision, plan, description, source_inputs, source_outputs, io)
    return _finish(emitter, source_inputs or graph.inputs, source_outputs or graph.outputs)


def draft(
    graph: Graph,
    *,
    precision: Precision,
    plan: QuantisationPlan | None = None,
    description: ModelDescription | None = None,
    io: InputOutput = "float32",
) -> FileBuilder:
    """The tensors and operators that :func:`emit` would write, before they are bytes."""
    return _written(graph, precision, plan, description, None, None, io).builder


def _written(
    graph: Graph,
    precision: Precision,
    plan: QuantisationPlan | None,
    description: ModelDescription | None,
    source_inputs: tuple[TensorSpec, ...] | None,
    source_outputs: tuple[TensorSpec, ...] | None,
    io: InputOutput,
) -> Emitter:
    if (precision in PLANNED) != (plan is not None):
        message = f"precision {precision} {'needs a plan' if plan is None else 'takes no plan'}"
        raise PlanError(message, hint=f"a plan goes with precision {' or '.join(PLANNED)} and with no other")
    view = view_of(graph)
    inputs, outputs = source_inputs or graph.inputs, source_outputs or graph.outputs
    described = {
        **(description.inputs if description else {}),
        **(description.outputs if description else {}),
    }
    border = {spec.name: _is_channels_last(spec, described) for spec in (*inputs, *outputs)}
    emitter = Emitter(view=view, table=TABLE, precision=precision, plan=plan, border=border)
    integer = io == "int8" and precision == "int8"
    for name in view.inputs:
        emitter.add_input(name, integer=integer and view.dtypes[name].kind == "f")
    emitter.emit(fuse(view, TABLE))
    if precision != "fp16":
        repeat_along_rows(emitter.builder)
    for name in view.outputs:
        emitter.add_output(name, integer=integer and view.dtypes[name].kind == "f")
    emitter.forget(drop_clamps(emitter.builder))
    return emitter


def refusals(graph: Graph) -> tuple[str, ...]:
    """What the TFLite table cannot say of a legalised graph, one line per node; a dry run."""
    return tuple(line for _, line in refused_nodes(graph))


def refused_nodes(graph: Graph) -> tuple[tuple[str, str], ...]:
    """As :func:`refusals`, each with the first output of its node."""
    from mobilekit.convert.tflite.operation import Operation

    view = view_of(graph)
    border = dict.fromkeys((*view.inputs, *view.outputs), False)
    emitter = Emitter(view=view, table=TABLE, precision="fp32", plan=None, border=border)
    for name in view.inputs:
        emitter.add_input(name, integer=False)
    found = []
    for fused in fuse(view, TABLE):
        node = fused.node
        try:
            lowering = TABLE.require(node, opset=view.opsets.get(node.domain, 1))
            operation = Operation(
                emitter=emitter, fused=fused, reads=False, writes=False, traits=lowering.traits
            )
            lowering.call(operation, node)
        except UnsupportedOperatorError as error:
            found.append((next(name for name in node.output if name), f"{error.message}; {error.hint}"))
        for name in fused.outputs:
            if name and not emitter.forms.get(name):
                order = permutation(len(view.shapes[name]), channels_last=False)
                emitter.new_form(name, Form(order=order))
    return tuple(found)


def _is_channels_last(spec: TensorSpec, described: Mapping[str, TensorDescription]) -> bool:
    found = described.get(spec.name)
    if found is None or found.kind != "image" or len(spec.shape) != 4:
        return False
    return found.layout_of(spec.shape) is Layout.NCHW


def _finish(emitter: Emitter, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]) -> bytes:
    builder, view = emitter.builder, emitter.view
    named = [
        (s.name, i)
        for s, i in (*zip(inputs, builder.inputs, strict=True), *zip(outputs, builder.outputs, strict=True))
    ]
    for index, draft in enumerate(builder.tensors):
        for name, border in named:
            if draft.name == name and index != border:
                draft.name = f"{name}/inner"
    for name, index in named:
        builder.tensors[index].name = name
    _name_apart(builder)
    signature = {
        "inputs": {s.name: i for s, i in zip(inputs, builder.inputs, strict=True)},
        "outputs": {s.name: i for s, i in zip(outputs, builder.outputs, strict=True)},
    }
    channels: dict[tuple[float, ...], int] = {}
    content = metadata(
        inputs=[border_entry(s, emitter.border_order(s.name)) for s in inputs],
        outputs=[border_entry(s, emitter.border_order(s.name)) for s in outputs],
        tensors=_taps(emitter, view, channels),
        channels=list(channels),
    )
    return write(builder, signature=signature, metadata=content)


def _name_apart(builder: FileBuilder) -> None:
    """Every tensor a name of its own: other tools know tensors by them. Inputs and outputs keep theirs."""
    border = {*builder.inputs, *builder.outputs}
    taken = {builder.tensors[index].name for index in border}
    for index, draft in enumerate(builder.tensors):
        if index in border:
            continue
        name, count = draft.name, 2
        while draft.name in taken:
            draft.name, count = f"{name}/{count}", count + 1
        taken.add(draft.name)


def _taps(
    emitter: Emitter, view: GraphView, channels: dict[tuple[float, ...], int]
) -> dict[str, dict[str, Any]]:
    """Every ONNX value that exists in the file: tensor, axis order, equalisation, shape, dtype.

    Most factors are those of many values: ``channels`` takes each vector once, with its place.
    """
    factors = channel_factors(view, emitter.plan) if emitter.plan else {}
    shifts = emitter.plan.shifts if emitter.plan else {}
    result = {}
    for value, forms in emitter.forms.items():
        if value not in view.shapes or value in view.constants:
            continue
        form, index = next(iter(forms.items()))
        result[value] = {
            "tensor": index,
            "permutation": list(form.order),
            "channel_scale": None,
            "shape": list(view.shapes[value]),
            "dtype": view.dtypes[value].name,
        }
        if value in factors:
            scale = tuple(factors[value].tolist())
            result[value]["channel_scale"] = channels.setdefault(scale, len(channels))
        if value in shifts:
            result[value]["channel_shift"] = channels.setdefault(tuple(shifts[value]), len(channels))
    return result
