"""Mish as ONNX's own operator again: written out for TFLite it leaves the range of float16.

``x · m / (m + 2)`` with ``m = e · (e + 2)`` and ``e = exp(min(x, 20))`` is exact in float32. In float16, in
which NPUs compute, it is infinite from 5.5 on; their Softplus and Tanh are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.qdq.reunite import consumers_of

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView
    from mobilekit.quantisation import QuantisationPlan

_LEAST_BOUND = 5.5
"""exp(2 · 5.5) is the largest number of float16."""


def with_mish(view: GraphView, plan: QuantisationPlan | None) -> GraphView:
    """``view`` with every such product as one Mish, where the plan has all of it in float."""
    makers = {name: node for node in view.nodes for name in node.output}
    gone: set[str] = set()
    nodes = []
    for node in view.nodes:
        inner = _inner(view, makers, node)
        values = {*inner, *node.output}
        is_float = plan is None or all(plan.precision_of(value) == "float" for value in values)
        if not inner or not is_float or gone & set(inner):
            nodes.append(node)
            continue
        gone.update(inner)
        nodes.append(_mish(makers[inner[0]].input[0], node))
    left = tuple(node for node in nodes if not gone.intersection(node.output))
    return replace(view, nodes=left, consumers=consumers_of(left)) if gone else view


def _inner(view: GraphView, makers: Mapping[str, onnx.NodeProto], last: onnx.NodeProto) -> tuple[str, ...]:
    """The values inside a written-out Mish whose result is ``last``'s, the bounded one first; else none."""
    if last.op_type != "Mul" or last.domain:
        return ()
    x, quotient = last.input
    share = _made(makers, quotient, "Div")
    top, bottom = share.input if share is not None else ("", "")
    product, below = _made(makers, top, "Mul"), _made(makers, bottom, "Add")
    power, above = product.input if product is not None else ("", "")
    raised, bounded = _made(makers, power, "Exp"), _made(makers, above, "Add")
    least = _made(makers, raised.input[0], "Min") if raised is not None else None
    if below is None or bounded is None or least is None:
        return ()
    shaped = (
        least.input[0] == x
        and _number(view, least.input[1]) > _LEAST_BOUND
        and (bounded.input[0], _number(view, bounded.input[1])) == (power, 2.0)
        and (below.input[0], _number(view, below.input[1])) == (top, 2.0)
    )
    inner = (least.output[0], power, above, top, bottom, quotient)
    readers = [len(view.consumers.get(value, ())) for value in inner]
    kept = set(inner) & set(view.outputs)
    return inner if shaped and readers == [1, 2, 1, 2, 1, 1] and not kept else ()


def _made(makers: Mapping[str, onnx.NodeProto], value: str, kind: str) -> onnx.NodeProto | None:
    node = makers.get(value)
    return node if node is not None and node.op_type == kind and not node.domain else None


def _number(view: GraphView, name: str) -> float:
    """A constant of one number; NaN for anything else."""
    value = view.constants.get(name)
    return float(np.asarray(value).reshape(())) if value is not None and value.size == 1 else float("nan")


def _mish(x: str, last: onnx.NodeProto) -> onnx.NodeProto:
    import onnx

    return onnx.helper.make_node("Mish", [x], list(last.output), name=last.name)
