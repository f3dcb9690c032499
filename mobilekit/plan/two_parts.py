"""A convolution before a norm, computed twice in int8: once finely about its middle, once over its range.

Values before a norm are mostly small beside their extremes, and a photo of little contrast has none but
small ones; 255 steps over the whole range are few for them. So::

    x ─ Conv ─ c ─ Normalize

becomes, with the channels scaled so that the fine part ends at ±1 (the norm does not mind)::

    x ─┬ Conv ─ Clip(-1, 1) ────────────────┬ Add ─ Normalize
       └ Conv ─ c ─┬──────────────── Sub ───┘
                   └ Clip(-1, 1) ────┘

which is the same in float. The Clip of the fine part is in its CONV_2D; the rest is three passes in float.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.view import view_of
from mobilekit.errors import PlanError
from mobilekit.plan.equalise import shiftable
from mobilekit.quantisation import whole_of
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    import onnx

_END = "mobilekit.two_parts"


def near_of(value: str) -> str:
    """The second convolution, before it is clipped."""
    return f"{value}/near"


def fine_of(value: str) -> str:
    """The fine part of ``value``, between -1 and 1."""
    return f"{value}/fine"


def in_two_parts(graph: Graph, values: Collection[str]) -> Graph:
    """``graph`` (as equalised) with the convolutions that make ``values`` computed in two parts.

    ``values`` themselves are what the coarse convolutions make. Raises PlanError where one is not a
    convolution that only norms over its positions read.
    """
    if not values:
        return graph
    import onnx

    view = view_of(graph)
    makers = {node.output[0]: node for node in view.nodes}
    for value in values:
        if value not in makers or makers[value].op_type != "Conv" or not shiftable(view, makers[value]):
            message = f"the plan computes {value} in two parts, which is no convolution before a norm here"
            raise PlanError(message, hint="make the plan from this very model")
    model = graph.proto()
    infos = {info.name: info for info in model.graph.value_info}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        if node.op_type == "Normalize" and node.input[0] in values:
            copy.input[0] = whole_of(node.input[0])
        nodes.append(copy)
        if node.output[0] in values:
            nodes += _parts(node)
            _describe(model, infos[node.output[0]])
    for name, number in ((f"{_END}.high", 1.0), (f"{_END}.low", -1.0)):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(number, np.float32), name))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return graph_from_proto(model, stage=graph.stage)


def _parts(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    import onnx
    from onnx.helper import make_node

    value, low, high = node.output[0], f"{_END}.low", f"{_END}.high"
    near = onnx.NodeProto()
    near.CopyFrom(node)
    near.name = near.output[0] = near_of(value)
    inner, beyond = f"{value}/inner", f"{value}/beyond"
    return [
        near,
        make_node("Clip", [near_of(value), low, high], [fine_of(value)], name=fine_of(value)),
        make_node("Clip", [value, low, high], [inner], name=inner),
        make_node("Sub", [value, inner], [beyond], name=beyond),
        make_node("Add", [fine_of(value), beyond], [whole_of(value)], name=whole_of(value)),
    ]


def _describe(model: onnx.ModelProto, info: onnx.ValueInfoProto) -> None:
    """Types and shapes of the parts: those of the value."""
    for part in ("near", "fine", "inner", "beyond", "whole"):
        added = model.graph.value_info.add()
        added.CopyFrom(info)
        added.name = f"{info.name}/{part}"
