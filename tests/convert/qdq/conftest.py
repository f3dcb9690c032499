"""Graphs with plans that have every operator in integers that can be, without a planner's doubts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx

from mobilekit.convert.tflite.quantisable import operators
from mobilekit.normalise.functions import attach_functions
from mobilekit.plan.ranges import including_zero, scale_of, union
from mobilekit.plan.same_scale import scale_classes
from mobilekit.quantisation import OperatorPlan, QuantisationPlan, Scale
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph, graph_from_proto

Feed = Mapping[str, np.ndarray]
HEADER = '<ir_version: 10, opset_import: ["": 21, "mobilekit": 1]>'


def graph_of(
    body: str, constants: dict[str, np.ndarray] | None = None, *, inputs: str, outputs: str = "float y"
) -> Graph:
    """A legal graph of one function body; shapes are inferred."""
    model = onnx.parser.parse_model(f"{HEADER} net ({inputs}) => ({outputs}) {{ {body} }}")
    for name, array in (constants or {}).items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), name))
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    attach_functions(model)
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    for node in model.graph.node:
        node.name = node.output[0]
    return graph_from_proto(model, stage="legalised")


def feeds_of(graph: Graph, count: int = 2) -> list[dict[str, np.ndarray]]:
    """Seeded normal numbers for every input."""
    rng = np.random.default_rng(7)
    return [{s.name: rng.normal(size=s.shape).astype(np.float32) for s in graph.inputs} for _ in range(count)]


def plan_of(
    graph: Graph,
    feeds: Sequence[Feed] | None = None,
    *,
    floats: tuple[str, ...] = (),
    symmetric: bool = False,
) -> QuantisationPlan:
    """Everything int8 that has a rule, but for ``floats``; ranges are extremes of ``feeds``, else of :func:`feeds_of`."""
    chosen = [o for o in operators(graph) if o.rule and o.name not in floats]
    values = sorted({v for o in chosen for v in (*o.inputs, *o.outputs)})
    with open_graph(graph, taps=values, optimise=False) as session:
        seen = [session.run(feed, taps=values) for feed in feeds or feeds_of(graph)]
    fixed = {v: o.fixed for o in chosen if o.fixed for v in o.outputs}
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.proto().graph.initializer}
    scales: dict[str, Scale] = {}
    for each in scale_classes(chosen):
        arrays = [found[v] for found in seen for v in each.values] + [constants[c] for c in each.constants]
        scale = scale_of(union([including_zero(float(a.min()), float(a.max())) for a in arrays]))
        if symmetric:
            most = max(float(np.abs(a).max()) for a in arrays)
            scale = Scale(scale=float(np.float32(most / 127)), zero_point=0)
        scales.update({v: fixed.get(v, scale) for v in each.values})
    return QuantisationPlan(
        graph_digest=graph.digest,
        values=scales,
        operators={o.name: OperatorPlan(precision="int8") for o in chosen},
    )
