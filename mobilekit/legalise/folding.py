"""Nodes of constants alone, which rules leave behind: computed now, once, instead of in every run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mobilekit.normalise.evaluate import evaluate
from mobilekit.normalise.fold import RANDOM
from mobilekit.normalise.node import Node as PlainNode
from mobilekit.normalise.node import ValueType

if TYPE_CHECKING:
    from mobilekit.legalise.node import Node
    from mobilekit.legalise.workspace import Workspace
    from mobilekit.tensors import Array

_SMALL = 1024
"""Elements; a constant of more is stored only where it is no larger than what it is made from."""


def folded(space: Workspace, node: Node) -> dict[str, str] | None:
    """The constants that a node's outputs are, by name; None where it has to stay.

    Outputs of the graph need a node, and a broadcast is stored as what it repeats.
    """
    if node.domain or node.op in RANDOM or not node.inputs:
        return None
    if not all(name in space.constants for name in node.inputs if name):
        return None
    outputs = [name for name in node.outputs if name]
    if not set(space.outputs).isdisjoint(outputs) or _grows(space, node, outputs):
        return None
    values = _values(space, node)
    if values is None or any(_type(values[n]) != space.types[n] for n in outputs):
        return None
    return {name: space.intern(values[name], name) for name in outputs}


def _grows(space: Workspace, node: Node, outputs: Sequence[str]) -> bool:
    made = sum(space.types[name].size for name in outputs)
    return made > max(_SMALL, sum(space.types[name].size for name in node.inputs if name))


def _values(space: Workspace, node: Node) -> dict[str, Array] | None:
    said = {name: value for name, value in node.attributes.items() if value is not None}
    plain = PlainNode(op=node.op, inputs=list(node.inputs), outputs=list(node.outputs), attributes=said)
    return evaluate(plain, {n: space.constants[n] for n in node.inputs if n}, node.opset)


def _type(array: Array) -> ValueType:
    return ValueType(dtype=array.dtype, shape=array.shape)
