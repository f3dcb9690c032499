"""Einsum that is a product of matrices, written as MatMul: ONNX Runtime's Einsum takes far longer for it.

Of the forward pass of an image transformer that says ``ij,jk->ik`` it took more than half. ONNX defines
both operators by the same sum, and letters are compared here one by one; nothing else is rewritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.source.graph import graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.source.graph import Graph


def with_matrix_products(graph: Graph) -> Graph:
    """The same graph with MatMul for the Einsum nodes that are one; ``graph`` itself where none is."""
    if b"Einsum" not in graph.model:
        return graph
    model = graph.proto()
    products = [
        node
        for node in model.graph.node
        if node.op_type == "Einsum" and not node.domain and is_matrix_product(_equation(node))
    ]
    for node in products:
        node.op_type = "MatMul"
        del node.attribute[:]
    return graph_from_proto(model, stage=graph.stage) if products else graph


def is_matrix_product(equation: str) -> bool:
    """Whether an equation says ``ij,jk->ik``, in whatever letters and spaces, maybe with more rows in front.

    ``abij,jk->abik`` is one; sums over other axes, diagonals and implicit outputs are not. Letters are
    case-sensitive: https://onnx.ai/onnx/operators/onnx__Einsum.html.
    """
    terms, arrow, result = equation.replace(" ", "").partition("->")
    left, comma, right = terms.partition(",")
    if not (arrow and comma) or len(right) != 2 or len(left) < 2 or not (left + right).isalpha():
        return False
    rows, column = left[:-1], right[1]
    distinct = len(set(left + column)) == len(left) + 1
    return distinct and left[-1] == right[0] and result == rows + column


def _equation(node: onnx.NodeProto) -> str:
    return next((each.s.decode() for each in node.attribute if each.name == "equation"), "")
