"""Operators and value types as rules see them: plain frozen values, no protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator. A missing optional input is ``""``; ``attributes`` holds only what is written.

    ``node[name]`` is an attribute with the default of the ONNX schema at this graph's opset.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    opset: int
    domain: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Every node is called as its first output that is not left out."""
        return next(name for name in self.outputs if name)

    def __getitem__(self, attribute: str) -> Any:
        if attribute in self.attributes:
            return self.attributes[attribute]
        return schema_defaults(self.op, self.opset, self.domain)[attribute]

    def input(self, index: int) -> str:
        """The name of input ``index``, ``""`` when it is absent."""
        return self.inputs[index] if index < len(self.inputs) else ""

    def with_attributes(self, **attributes: Any) -> Node:
        """The same operator with some attributes changed."""
        return replace(self, attributes={**self.attributes, **attributes})


@cache
def schema_defaults(op: str, opset: int, domain: str = "") -> dict[str, Any]:
    """Every attribute of an operator with its default; None where the schema has none."""
    import onnx

    if domain:
        return {}
    schema = onnx.defs.get_schema(op, opset, domain)
    return {name: attribute_value(a.default_value) for name, a in sorted(schema.attributes.items())}


def attribute_value(attribute: Any) -> Any:
    """The value of an AttributeProto: strings as str, lists as tuples; None if it has no type."""
    import onnx

    if attribute.type == onnx.AttributeProto.UNDEFINED:
        return None
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode()
    if attribute.type == onnx.AttributeProto.STRINGS:
        return tuple(v.decode() for v in value)
    if attribute.type in (onnx.AttributeProto.INTS, onnx.AttributeProto.FLOATS):
        return tuple(value)
    return value
