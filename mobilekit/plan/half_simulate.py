"""Float16 arithmetic written out in ONNX: any part of it, in a float32 graph that ONNX Runtime runs.

A float16 node rounds what it reads and what it gives, and its constants; a normalisation every result
inside it as well::

    x ─ Conv(w) ─ y        becomes        x ─ Conv(w rounded) ─ y/exact ─ Cast(float16) ─ Cast(float) ─ y

Sums inside an operator are of float32, as on processors; what a target adds in float16 is not seen here
(:mod:`half_ranges` keeps sums that would leave its range away from it).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mobilekit.convert.view import view_of
from mobilekit.source.graph import graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView
    from mobilekit.source.graph import Graph

_HALF = "Half"
_EXACT_INSIDE = ("CastLike", "Constant", "ConstantOfShape", "Concat", "Reshape", "Shape", "Unsqueeze")
_MOBILEKIT = "mobilekit"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rounded:
    """One thing that float16 rounds: a ``value``, or what is ``inside`` a node (constants, a norm's steps).

    ``name`` is the value, or the first output of the node; ``nodes`` are the nodes that must compute in
    float32 for it to stay as it is.
    """

    place: int
    kind: Literal["value", "inside"]
    name: str
    nodes: tuple[str, ...]


def roundings(graph: Graph, *, islands: Collection[str] = ()) -> tuple[Rounded, ...]:
    """All that a float16 file with these ``islands`` rounds, in the order of the graph."""
    view = view_of(graph)
    found = [_value(view, name, -1, "") for name in view.inputs if _is_float(view, name)]
    for place, node in enumerate(view.nodes):
        first = node.output[0]
        if node.domain == _MOBILEKIT or any(_is_float(view, n) for n in node.input if n in view.constants):
            found.append(Rounded(place=place, kind="inside", name=first, nodes=(first,)))
        found += [_value(view, name, place, first) for name in node.output if name and _is_float(view, name)]
    return tuple(each for each in found if not set(each.nodes) <= set(islands))


def simulated(
    graph: Graph, *, islands: Collection[str] = (), only: Collection[Rounded] | None = None
) -> Graph:
    """``graph`` with the roundings of a float16 file with ``islands``, or with those of ``only`` alone.

    Inputs and outputs stay float32: what an island writes leaves the graph as it is. Raises ShapeError
    for a value without a static shape.
    """
    view = view_of(graph)
    model = graph.proto()
    chosen = roundings(graph, islands=islands) if only is None else only
    kept = set(islands)
    inside = {each.name for each in chosen if each.kind == "inside"} - kept
    values = {each.name for each in chosen if each.kind == "value"}
    makers = {name: node.output[0] for node in view.nodes for name in node.output if name}
    everywhere = {name for name in values if name in makers and makers[name] not in kept}
    at_readers = values - everywhere
    nodes: list[onnx.NodeProto] = []
    for name in sorted(at_readers & set(view.inputs)):
        nodes += _round_trip(name, f"{name}/half")
    constants = _Constants(model=model, view=view)
    for node in model.graph.node:
        first = node.output[0]
        if first in inside:
            constants.round_operands(node)
            if node.domain == _MOBILEKIT:
                node.op_type += _HALF
        if first not in kept:
            for slot, name in enumerate(node.input):
                node.input[slot] = f"{name}/half" if name in at_readers else name
        raw = {name: f"{name}/exact" for name in node.output if name in everywhere}
        for slot, name in enumerate(node.output):
            node.output[slot] = raw.get(name, name)
        nodes.append(node)
        for name, before in raw.items():
            nodes += _round_trip(before, name)
        for name in node.output:
            if name in at_readers:
                nodes += _round_trip(name, f"{name}/half")
    copies = [_copy(node) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    _add_half_functions(model)
    return graph_from_proto(model, stage=graph.stage)


def _value(view: GraphView, name: str, place: int, maker: str) -> Rounded:
    readers = [view.nodes[index].output[0] for index in view.consumers.get(name, ())]
    nodes = tuple(dict.fromkeys(([maker] if maker else []) + readers))
    return Rounded(place=place, kind="value", name=name, nodes=nodes)


def _is_float(view: GraphView, name: str) -> bool:
    return view.dtypes[name] == np.float32


def _round_trip(value: str, result: str) -> Iterator[onnx.NodeProto]:
    """The two nodes that make ``result`` of ``value``, rounded to float16."""
    from onnx import TensorProto
    from onnx.helper import make_node

    yield make_node("Cast", [value], [f"{result}/float16"], to=TensorProto.FLOAT16)
    yield make_node("Cast", [f"{result}/float16"], [result], to=TensorProto.FLOAT)


@dataclass(slots=True, kw_only=True)
class _Constants:
    """Rounded copies of a model's float constants, each made once."""

    model: onnx.ModelProto
    view: GraphView

    def round_operands(self, node: onnx.NodeProto) -> None:
        """Let ``node`` read rounded constants."""
        for slot, name in enumerate(node.input):
            if name in self.view.constants and _is_float(self.view, name):
                node.input[slot] = self._rounded(name)

    def _rounded(self, name: str) -> str:
        import onnx

        own = f"{name}/half"
        if all(tensor.name != own for tensor in self.model.graph.initializer):
            with np.errstate(over="ignore"):
                array = self.view.constants[name].astype(np.float16).astype(np.float32)
            self.model.graph.initializer.append(onnx.numpy_helper.from_array(array, own))
        return own


def _add_half_functions(model: onnx.ModelProto) -> None:
    """The functions that rounded nodes call: every result of arithmetic inside is rounded."""
    used = {n.op_type for n in model.graph.node if n.domain == _MOBILEKIT}
    for function in list(model.functions):
        if f"{function.name}{_HALF}" not in used:
            continue
        half = model.functions.add()
        half.CopyFrom(function)
        half.name = f"{function.name}{_HALF}"
        del half.node[:]
        for node in function.node:
            copy = _copy(node)
            half.node.append(copy)
            if node.op_type not in _EXACT_INSIDE and node.output[0] not in function.output:
                half.node[-1].output[0] = f"{node.output[0]}_exact"
                half.node.extend(_round_trip(f"{node.output[0]}_exact", node.output[0]))


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    import onnx

    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy
