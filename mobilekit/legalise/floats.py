"""float64, float16 and bfloat16 become float32 inside the graph; its inputs and outputs keep their type.

::

    x: float64 ── Cast ── … float32 … ── Cast ── y: float64
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.engine import Rewrite
from mobilekit.legalise.node import Node
from mobilekit.legalise.workspace import Workspace, unique
from mobilekit.normalise.node import ValueType
from mobilekit.source.graph import Graph, graph_from_proto

_FLOAT32 = np.dtype(np.float32)
# Attributes that name an element type, by the operators that have them.
_TYPED = {"Cast": "to", "EyeLike": "dtype", "DequantizeLinear": "output_dtype"}


def single_precision(space: Workspace) -> list[Rewrite]:
    """Make every float of another width a float32; returns what was cast at the border."""
    others = {name for name, kind in space.types.items() if kind.is_float and kind.dtype != _FLOAT32}
    if not others:
        return []
    space.nodes = [_dividing_halves(node, space) for node in space.nodes]
    border = {name: space.types[name] for name in (*space.inputs, *space.outputs) if name in others}
    inner = {name: unique(f"{name}/float32", space.taken) for name in border}
    _retype(space, others, inner)
    space.nodes = [_with_types(_renamed(node, inner)) for node in space.nodes]
    before, after = Builder(space, "", []), Builder(space, "", [])
    for name, kind in border.items():
        space.types[name] = kind
        builder, source, result = (
            (before, name, inner[name]) if name in space.inputs else (after, inner[name], name)
        )
        builder.serves = result
        builder.rename(builder.cast(source, space.types[result].dtype), result)
    space.nodes = [*before.nodes, *space.nodes, *after.nodes]
    return [
        Rewrite(rule="single-precision", node=name, detail=f"{kind.dtype.name} computed in float32")
        for name, kind in border.items()
    ]


def in_single_precision(graph: Graph) -> Graph | None:
    """The graph with its doubles as float32 and nothing else changed; None if it has none."""
    space = Workspace(graph.proto())
    if not any(kind.dtype == np.float64 for kind in space.types.values()):
        return None
    single_precision(space)
    return graph_from_proto(space.to_model(), stage=graph.stage)


def _retype(space: Workspace, others: set[str], inner: dict[str, str]) -> None:
    for name in sorted(others):
        single = ValueType(dtype=_FLOAT32, shape=space.types[name].shape)
        space.types[inner.get(name, name)] = single
        if name in space.constants:
            space.constants.replace(name, space.constants[name].astype(_FLOAT32))


def _renamed(node: Node, names: dict[str, str]) -> Node:
    return replace(
        node,
        inputs=tuple(names.get(v, v) for v in node.inputs),
        outputs=tuple(names.get(v, v) for v in node.outputs),
    )


def _dividing_halves(node: Node, space: Workspace) -> Node:
    """A QuantizeLinear of halves says in what it divides; the rule then refuses what float32 is not."""
    import onnx

    if node.op != "QuantizeLinear" or space.types[node.inputs[0]].dtype != np.float16:
        return node
    return node.with_attributes(precision=int(onnx.TensorProto.FLOAT16))


def _with_types(node: Node) -> Node:
    """Attributes that ask for another float ask for float32."""
    import onnx

    attribute = _TYPED.get(node.op)
    if attribute is None or not node.attributes.get(attribute):
        return node
    wanted = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(node[attribute]))
    kind = ValueType(dtype=wanted, shape=())
    return node.with_attributes(**{attribute: int(onnx.TensorProto.FLOAT)}) if kind.is_float else node
