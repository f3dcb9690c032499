"""What a file's arithmetic is called: the scheme of a precision, by multiply-accumulates in int8."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx

    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.tier import Precision

MIXED_BELOW = 0.99
_NAMES: dict[str, str] = {"fp32": "fp32", "fp16": "fp16", "int8-dynamic": "w8-dynamic"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """``name`` as in the manifest; ``int8_share`` of the multiply-accumulates, for static int8 only."""

    name: str
    int8_share: float | None = None


def scheme_of(precision: Precision, graph: Graph | None, plan: QuantisationPlan | None) -> Scheme:
    """``w8a8-static`` from 99 % int8 multiply-accumulates on, ``w8a8-mixed`` below; else by name."""
    if plan is None or graph is None:
        return Scheme(name=_NAMES[precision])
    work = multiply_accumulates(graph)
    total = sum(work.values())
    share = sum(n for name, n in work.items() if plan.precision_of(name) == "int8") / total if total else 1.0
    name = "w8a8-static" if share >= MIXED_BELOW else "w8a8-mixed"
    return Scheme(name=name, int8_share=round(share, 4))


def multiply_accumulates(graph: Graph) -> dict[str, int]:
    """Multiply-accumulates of each convolution and product of a legalised graph, by first output."""
    model = graph.proto().graph
    shapes = {v.name: _shape(v) for v in (*model.input, *model.value_info, *model.output)}
    shapes |= {t.name: tuple(t.dims) for t in model.initializer}
    counted = {node.output[0]: _work(node, shapes) for node in model.node}
    return {name: count for name, count in counted.items() if count}


def _work(node: onnx.NodeProto, shapes: Mapping[str, tuple[int, ...]]) -> int:
    if node.op_type == "Conv":  # weight: out, in / group, kernel…
        return prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])
    if node.op_type == "ConvTranspose":  # weight: in, out / group, kernel…
        return prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])
    if node.op_type in ("MatMul", "Gemm"):
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    return 0


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
