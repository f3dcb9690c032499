"""Operators and value types as passes see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from math import prod
from typing import Any

import numpy as np

MOBILEKIT = "mobilekit"
MICROSOFT = "com.microsoft"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType:
    """Element type and fixed shape of one value."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def is_float(self) -> bool:
        """Whether the elements are floating-point numbers (bfloat16 included)."""
        return self.dtype.kind == "f" or self.dtype.name == "bfloat16"


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """One operator of a graph that is being edited; a missing optional input or output is ``""``.

    ``order`` says where it stands among nodes that do not depend on each other.
    """

    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)
    domain: str = ""
    order: tuple[int, int] = (0, 0)

    def input(self, index: int) -> str:
        """The name of input ``index``, ``""`` when it is absent."""
        return self.inputs[index] if index < len(self.inputs) else ""

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute's value, or ``default`` where the node does not say."""
        return self.attributes.get(name, default)

    @property
    def where(self) -> str:
        """The node as messages name it: operator and first output."""
        name = next((o for o in self.outputs if o), "?")
        return f"{self.domain + '::' if self.domain else ''}{self.op}, node {name}"

    def is_op(self, *ops: str) -> bool:
        """Whether this is one of ONNX's own operators ``ops``."""
        return not self.domain and self.op in ops


def attribute_value(attribute: Any) -> Any:
    """The value of an AttributeProto: strings as str, lists as tuples."""
    import onnx

    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode()
    if attribute.type == onnx.AttributeProto.STRINGS:
        return tuple(v.decode() for v in value)
    if attribute.type in (onnx.AttributeProto.INTS, onnx.AttributeProto.FLOATS):
        return tuple(value)
    return value


def node_proto(node: Node) -> Any:
    """A node as a NodeProto, attributes sorted by name."""
    import onnx

    proto = onnx.NodeProto(op_type=node.op, domain=node.domain, name=next((o for o in node.outputs if o), ""))
    proto.input.extend(node.inputs)
    proto.output.extend(node.outputs)
    for key, value in sorted(node.attributes.items()):
        if isinstance(value, tuple) and not value:
            proto.attribute.append(onnx.AttributeProto(name=key, type=onnx.AttributeProto.INTS))
        else:
            proto.attribute.append(onnx.helper.make_attribute(key, value))
    return proto


@cache
def schema(op: str, opset: int) -> Any:
    """The OpSchema of one of ONNX's own operators at an opset version."""
    import onnx

    return onnx.defs.get_schema(op, opset, "")


def subgraphs(node: Node) -> list[Any]:
    """The GraphProtos among a node's attributes."""
    if not node.attributes:
        return []
    import onnx

    return [v for v in node.attributes.values() if isinstance(v, onnx.GraphProto)]
