"""Multiply-accumulates per operator, and the scheme that their int8 share makes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.quantisation import OperatorPrecision, QuantisationPlan
    from mobilekit.source.graph import Graph

WHOLE_SHARE = 0.99


def macs(graph: Graph) -> dict[str, int]:
    """Multiply-accumulates of each convolution and matrix product, by its first output's name."""
    from mobilekit.convert.tflite.view import view_of

    return count_macs(view_of(graph))


def count_macs(view: GraphView) -> dict[str, int]:
    """As ``macs``, of a graph that has been read already."""
    counts = {node.output[0]: _count(view, node) for node in view.nodes if not node.domain}
    return {name: count for name, count in counts.items() if count}


def int8_share(graph: Graph, plan: QuantisationPlan) -> float:
    """The share of ``graph``'s multiply-accumulates that ``plan`` has in int8; 0 if there are none."""
    return share_of(graph, plan, "int8")


def share_of(graph: Graph, plan: QuantisationPlan, precision: OperatorPrecision) -> float:
    """The share of ``graph``'s multiply-accumulates at ``precision``; 0 if there are none."""
    counts = macs(graph)
    total = sum(counts.values())
    found = sum(n for name, n in counts.items() if plan.precision_of(name) == precision)
    return found / total if total else 0.0


def scheme(graph: Graph, plan: QuantisationPlan) -> str:
    """``w8a8-static`` or ``w8a16-static`` from 99 % of the multiply-accumulates on, else ``…-mixed``."""
    if plan.is_int16:
        return "w8a16-static" if share_of(graph, plan, "int16") >= WHOLE_SHARE else "w8a16-mixed"
    return "w8a8-static" if int8_share(graph, plan) >= WHOLE_SHARE else "w8a8-mixed"


def _count(view: GraphView, node: onnx.NodeProto) -> int:
    if node.op_type == "Conv":
        return math.prod(view.shapes[node.output[0]]) * math.prod(view.shapes[node.input[1]][1:])
    if node.op_type == "ConvTranspose":
        return math.prod(view.shapes[node.input[0]]) * math.prod(view.shapes[node.input[1]][1:])
    if node.op_type == "MatMul":
        return math.prod(view.shapes[node.output[0]]) * view.shapes[node.input[0]][-1]
    if node.op_type == "Gemm":
        return math.prod(view.shapes[node.output[0]]) * math.prod(view.shapes[node.input[1]][1:])
    return 0
