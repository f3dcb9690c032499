"""Legalised graph and plan in, bytes of a QDQ ONNX model out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from mobilekit.artifact import digest_of_bytes
from mobilekit.convert.qdq.metadata import metadata
from mobilekit.convert.qdq.mish import with_mish
from mobilekit.convert.qdq.reunite import reunited
from mobilekit.convert.qdq.writer import Writer
from mobilekit.convert.view import view_of
from mobilekit.errors import PlanError
from mobilekit.tier import PLANNED

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.qdq.draft import Draft
    from mobilekit.convert.view import GraphView
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import TensorSpec

Precision = Literal["fp32", "int8", "w8a16"]
_PRODUCER = "mobilekit"


def emit(
    graph: Graph,
    *,
    precision: Precision,
    plan: QuantisationPlan | None = None,
    source_inputs: tuple[TensorSpec, ...] | None = None,
    source_outputs: tuple[TensorSpec, ...] | None = None,
) -> bytes:
    """The QDQ model of a legalised ``graph`` (as the plan rewrites it), in canonical bytes.

    Names, shapes and types of inputs and outputs are the graph's; layouts are ONNX's. Scales, zero
    points and integers are those of the .tflite file of the same plan; int16 ones are uint16 here.
    ``source_inputs`` and ``source_outputs`` are what its metadata says of the border. Raises PlanError.
    """
    if (precision in PLANNED) != (plan is not None):
        message = f"precision {precision} {'needs a plan' if plan is None else 'takes no plan'}"
        raise PlanError(message, hint=f"a plan goes with precision {' or '.join(PLANNED)} and with no other")
    view = with_mish(reunited(view_of(graph), plan), plan)
    writer = Writer(view, plan)
    writer.write()
    model = _model(graph.proto(), view, writer.draft)
    said = metadata(
        precision=precision,
        plan=digest_of_bytes(plan.to_json().encode()) if plan else None,
        inputs=source_inputs or graph.inputs,
        outputs=source_outputs or graph.outputs,
        integers=writer.integers,
        written=writer.written,
    )
    for name, text in said.items():
        model.metadata_props.add(key=name, value=text)
    return model.SerializeToString(deterministic=True)


def _model(source: onnx.ModelProto, view: GraphView, draft: Draft) -> onnx.ModelProto:
    """The model of ``draft`` with the border and the opset of ``source``."""
    import onnx

    made = onnx.ModelProto(ir_version=source.ir_version, producer_name=_PRODUCER)
    made.opset_import.add(domain="", version=view.opsets[""])
    made.graph.name = source.graph.name
    made.graph.input.extend(v for v in source.graph.input if v.name not in view.constants)
    made.graph.output.extend(source.graph.output)
    made.graph.node.extend(draft.nodes)
    made.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in draft.constants.items()
    )
    written = {name for node in draft.nodes for name in node.output}
    border = {value.name for value in (*made.graph.input, *made.graph.output)}
    made.graph.value_info.extend(value for value in source.graph.value_info if value.name in written - border)
    return made
