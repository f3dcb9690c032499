"""A graph in which some values are rounded to int8 and back for all that read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mobilekit.plan.simulate import round_trip
from mobilekit.source.graph import graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.quantisation import Scale
    from mobilekit.source.graph import Graph


def with_rounded(graph: Graph, scales: Mapping[str, Scale]) -> Graph:
    """``graph`` with the values of ``scales``, which nodes make, rounded as int8 tensors say them."""
    import onnx

    model = graph.proto()
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        nodes.append(copy)
        for slot, name in enumerate(node.output):
            if name in scales:
                copy.output[slot] = f"{name}/float"
                nodes += round_trip(model, f"{name}/float", name, scales[name])
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return graph_from_proto(model, stage=graph.stage)
