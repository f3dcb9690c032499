"""A graph while it is being legalised: nodes, types, constants; read from and written to ModelProto."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.legalise.node import Node, attribute_value
from mobilekit.normalise.node import ValueType

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array

_NAMED_BY_VALUE = 8


class Constants:
    """The graph's initializers, decoded when asked for; equal new ones are stored once."""

    def __init__(self, initializers: Iterable[onnx.TensorProto]) -> None:
        self._protos = {t.name: t for t in initializers}
        self._arrays: dict[str, Array] = {}
        self._interned: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._protos or name in self._arrays

    def __getitem__(self, name: str) -> Array:
        import onnx

        if name not in self._arrays:
            self._arrays[name] = onnx.numpy_helper.to_array(self._protos[name])
        return self._arrays[name]

    def names(self) -> list[str]:
        """Every constant: those of the graph first, then the new ones in order of creation."""
        return list(dict.fromkeys([*self._protos, *self._arrays]))

    def intern(self, array: Array, name: str, taken: set[str]) -> str:
        """The name of a constant equal to ``array``, new if there is none: small ones by value."""
        key = (array.dtype.name, array.shape, array.tobytes())
        if key not in self._interned:
            self._interned[key] = unique(_literal(array) or name, taken)
            self._arrays[self._interned[key]] = array
        return self._interned[key]

    def replace(self, name: str, array: Array) -> None:
        """Give the constant ``name`` another value."""
        self._protos.pop(name, None)
        self._arrays[name] = array

    def proto(self, name: str) -> onnx.TensorProto:
        """The constant as it is written into the model; untouched ones byte for byte."""
        import onnx

        return self._protos.get(name) or onnx.numpy_helper.from_array(self._arrays[name], name)


def _literal(array: Array) -> str:
    """A readable name such as ``const/int64[2,3]``, ``""`` for anything longer."""
    if array.ndim > 1 or array.size > _NAMED_BY_VALUE:
        return ""
    text = ",".join(str(v) for v in array.reshape(-1).tolist())
    return f"const/{array.dtype.name}{f'[{text}]' if array.ndim else f'({text})'}"


def unique(name: str, taken: set[str]) -> str:
    """``name``, or ``name_2``, ``name_3``, … if it is taken; the result is taken from now on."""
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}_{count}"
    taken.add(candidate)
    return candidate


class Workspace:
    """All that is known about a graph; rules see it through a Builder."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self.model = model
        self.opset = next(o.version for o in model.opset_import if o.domain == "")
        self.constants = Constants(graph.initializer)
        self.inputs = tuple(v.name for v in graph.input if v.name not in self.constants)
        self.outputs = tuple(v.name for v in graph.output)
        self.types: dict[str, ValueType] = {}
        for value in (*graph.input, *graph.value_info, *graph.output):
            if is_fixed(value):
                self.types[value.name] = _type(value)
        for tensor in graph.initializer:
            self.types[tensor.name] = _tensor_type(tensor)
        self.nodes = [self._node(n) for n in graph.node]
        self.taken = {*self.types, *(name for n in self.nodes for name in (*n.inputs, *n.outputs))}
        self.producers: dict[str, Node] = {}
        self.aliases: dict[str, str] = {}
        self.uses = count_uses(self.nodes, self.outputs)
        self.readers = readers_of(self.nodes)

    def _node(self, proto: onnx.NodeProto) -> Node:
        return Node(
            op=proto.op_type,
            inputs=_trimmed(proto.input),
            outputs=_trimmed(proto.output),
            opset=self.opset,
            domain="" if proto.domain == "ai.onnx" else proto.domain,
            attributes={a.name: attribute_value(a) for a in proto.attribute},
        )

    def intern(self, array: Array, name: str) -> str:
        """Name a constant, with its type known."""
        found = self.constants.intern(array, name, self.taken)
        self.types[found] = ValueType(dtype=array.dtype, shape=array.shape)
        return found

    def to_model(self) -> onnx.ModelProto:
        """The model with the current nodes: unused ones removed, every value typed."""
        import onnx

        nodes = live_nodes(self.nodes, self.outputs)
        used = {name for n in nodes for name in n.inputs} | set(self.outputs)
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        graph = model.graph
        for repeated in (graph.node, graph.initializer, graph.value_info, graph.input):
            del repeated[:]
        graph.input.extend(v for v in self.model.graph.input if v.name in set(self.inputs))
        graph.initializer.extend(self.constants.proto(n) for n in self.constants.names() if n in used)
        graph.node.extend(to_proto(n) for n in nodes)
        border = {*self.inputs, *self.outputs}
        graph.value_info.extend(
            _value_info(name, self.types[name])
            for n in nodes
            for name in n.outputs
            if name and name not in border and name in self.types
        )
        _keep_used_domains(model, nodes)
        return model


def count_uses(nodes: Iterable[Node], outputs: Iterable[str]) -> Counter[str]:
    """How often each value is read, graph outputs included."""
    return Counter([name for n in nodes for name in n.inputs if name] + list(outputs))


def readers_of(nodes: Iterable[Node]) -> dict[str, tuple[Node, ...]]:
    """The nodes that read each value, in order, each once."""
    found: dict[str, list[Node]] = {}
    for node in nodes:
        for name in dict.fromkeys(node.inputs):
            found.setdefault(name, []).append(node)
    return {name: tuple(listed) for name, listed in found.items()}


def live_nodes(nodes: list[Node], outputs: Iterable[str]) -> list[Node]:
    """The nodes that some output depends on, in order."""
    needed = set(outputs)
    kept = []
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            kept.append(node)
    return kept[::-1]


def to_proto(node: Node) -> onnx.NodeProto:
    """A node as protobuf, attributes sorted by name."""
    import onnx

    proto = onnx.NodeProto(op_type=node.op, name=node.name, domain=node.domain)
    proto.input.extend(node.inputs)
    proto.output.extend(node.outputs)
    for key, value in sorted(node.attributes.items()):
        if value is not None:
            proto.attribute.append(_attribute(key, value))
    return proto


def _attribute(key: str, value: Any) -> onnx.AttributeProto:
    import onnx

    if isinstance(value, tuple) and not value:
        return onnx.AttributeProto(name=key, type=onnx.AttributeProto.INTS)
    return onnx.helper.make_attribute(key, value)


def _keep_used_domains(model: onnx.ModelProto, nodes: list[Node]) -> None:
    used = {(n.domain, n.op) for n in nodes}
    functions = [f for f in model.functions if (f.domain, f.name) in used]
    domains = {"", *(domain for domain, _ in used)}
    opsets = [o for o in model.opset_import if o.domain in domains]
    del model.functions[:], model.opset_import[:]
    model.functions.extend(functions)
    model.opset_import.extend(opsets)


def _trimmed(names: Iterable[str]) -> tuple[str, ...]:
    """Names without the empty ones at the end."""
    listed = list(names)
    while listed and not listed[-1]:
        listed.pop()
    return tuple(listed)


def is_fixed(value: onnx.ValueInfoProto) -> bool:
    """Whether a value is a tensor whose every dimension is a number."""
    tensor = value.type.tensor_type
    return tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim)


def _type(value: onnx.ValueInfoProto) -> ValueType:
    import onnx

    tensor = value.type.tensor_type
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    return ValueType(dtype=dtype, shape=tuple(d.dim_value for d in tensor.shape.dim))


def _tensor_type(tensor: onnx.TensorProto) -> ValueType:
    import onnx

    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    return ValueType(dtype=dtype, shape=tuple(tensor.dims))


def _value_info(name: str, kind: ValueType) -> onnx.ValueInfoProto:
    import onnx

    element = onnx.helper.np_dtype_to_tensor_dtype(kind.dtype)
    return onnx.helper.make_tensor_value_info(name, element, kind.shape)
