"""Model-local functions written out where they are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

_Key = tuple[str, str, str]


def inlined(model: onnx.ModelProto, *, convert_version: bool = False) -> onnx.ModelProto:
    """``model`` without model-local functions.

    ONNX's inliner drops what a call leaves to the function's default attributes: they are written
    into the calls first. Raises what the inliner raises.
    """
    import onnx
    import onnx.inliner

    if not model.functions:
        return model
    full = onnx.ModelProto()
    full.CopyFrom(model)
    defaults = {(f.domain, f.name, f.overload): f.attribute_proto for f in full.functions}
    for node in _nodes(full):
        _complete(node, defaults)
    return onnx.inliner.inline_local_functions(full, convert_version=convert_version)


def _complete(node: onnx.NodeProto, defaults: Mapping[_Key, Iterable[onnx.AttributeProto]]) -> None:
    given = {attribute.name for attribute in node.attribute}
    missing = defaults.get((node.domain, node.op_type, node.overload), ())
    node.attribute.extend(a for a in missing if a.name not in given)


def _nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    yield from _with_inner(model.graph.node)
    for function in model.functions:
        yield from _with_inner(function.node)


def _with_inner(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _with_inner(graph.node)
