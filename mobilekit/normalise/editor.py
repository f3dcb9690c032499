"""A graph that passes edit: nodes, constants and the type of every value."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.normalise.evaluate import infer
from mobilekit.normalise.functions import attach_functions
from mobilekit.normalise.node import Node, ValueType, attribute_value, node_proto, subgraphs

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array


class Constants(MutableMapping[str, "Array"]):
    """Constants by name; those of the file are decoded when asked for and written back byte for byte."""

    def __init__(self, tensors: Iterable[onnx.TensorProto]) -> None:
        self._protos = {t.name: t for t in tensors}
        self._arrays: dict[str, Array | None] = dict.fromkeys(self._protos)

    def __getitem__(self, name: str) -> Array:
        import onnx

        array = self._arrays[name]
        if array is None:
            array = self._arrays[name] = onnx.numpy_helper.to_array(self._protos[name])
        return array

    def __setitem__(self, name: str, array: Array) -> None:
        self._protos.pop(name, None)
        self._arrays[name] = array

    def __delitem__(self, name: str) -> None:
        self._protos.pop(name, None)
        del self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def proto(self, name: str) -> onnx.TensorProto:
        """The constant as it is written into a model."""
        import onnx

        found = self._protos.get(name)
        return onnx.numpy_helper.from_array(self[name], name) if found is None else found


class Editor:
    """What passes work on. Names of inputs and outputs never change."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self._model = model
        self.opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        self.constants = Constants(graph.initializer)
        self.inputs = tuple(v.name for v in graph.input)
        self.outputs = tuple(v.name for v in graph.output)
        self.types: dict[str, ValueType] = {v.name: _declared_type(v) for v in graph.input}
        for tensor in graph.initializer:
            self.types[tensor.name] = _tensor_type(tensor)
        self._taken = {*self.inputs, *self.constants, *(n for p in graph.node for n in p.output)}
        self._producers: dict[str, Node] = {}
        self._users: dict[str, dict[Node, None]] = {}
        self._captured: set[str] = set()
        self._count = 0
        self.equals: dict[str, str] = {}
        self._called: dict[str, list[str]] = {}
        self._nodes: dict[Node, None] = {}
        self._order: list[Node] | None = None
        for proto in graph.node:
            self._insert(from_proto(proto), (len(self._nodes), 0))

    # Reading

    @property
    def nodes(self) -> list[Node]:
        """The nodes in an order of computation, the same whatever the passes did before."""
        if self._order is None:
            self._order = _sorted(self._nodes, self._producers)
        return list(self._order)

    def producer(self, name: str) -> Node | None:
        """The node that computes a value; None for inputs and constants."""
        return self._producers.get(name)

    def users(self, name: str) -> list[Node]:
        """The nodes that read a value, each once."""
        return list(self._users.get(name, ()))

    def is_kept(self, name: str) -> bool:
        """Whether a value must stay under its name: an output of the graph, or read by a subgraph."""
        return name in self.outputs or name in self._captured

    def only_user(self, name: str) -> Node | None:
        """The node that reads a value, if it is the only one and reads it only once."""
        users = self._users.get(name, {})
        if len(users) != 1 or self.is_kept(name):
            return None
        user = next(iter(users))
        return user if user.inputs.count(name) == 1 else None

    def constant_of(self, name: str) -> Array | None:
        """A constant's value; None for anything else."""
        return self.constants.get(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """The fixed shape of a value."""
        return self.types[name].shape

    # Writing

    def unique(self, hint: str) -> str:
        """A name that nothing has yet."""
        name, count = hint, 1
        while name in self._taken:
            count += 1
            name = f"{hint}_{count}"
        self._taken.add(name)
        return name

    def add_constant(self, array: Array, hint: str) -> str:
        """A new constant."""
        name = self.unique(hint)
        self.set_constant(name, array)
        return name

    def set_constant(self, name: str, array: Array) -> None:
        """Make ``name`` a constant, or give the constant another value."""
        self.constants[name] = array
        self.types[name] = ValueType(dtype=array.dtype, shape=array.shape)

    def add(
        self, op: str, inputs: Sequence[str], *, at: Node, domain: str = "", hint: str = "", **attributes: Any
    ) -> str:
        """Insert a node with one output where ``at`` is, infer its type and return the output's name."""
        output = self.unique(hint or f"{at.outputs[0]}/{op}")
        node = Node(op=op, inputs=list(inputs), outputs=[output], attributes=attributes, domain=domain)
        self.insert(node, at=at)
        return output

    def insert(self, node: Node, *, at: Node) -> None:
        """Insert a node where ``at`` is; the types of its outputs are inferred."""
        self.place(node, at=at)
        self.types.update(infer(node, self.types, self.constants, self.opset))

    def place(self, node: Node, *, at: Node) -> None:
        """Insert a node where ``at`` is, without its types: for passes that find them anyway."""
        self._taken.update(node.outputs)
        self._count += 1
        self._insert(node, (at.order[0], self._count))

    def set_inputs(self, node: Node, inputs: Sequence[str]) -> None:
        """Give a node other inputs."""
        self._forget_uses(node)
        node.inputs[:] = inputs
        self._note_uses(node)

    def remove(self, node: Node) -> None:
        """Remove a node whose outputs nothing needs any more."""
        self._forget_uses(node)
        for name in node.outputs:
            if self._producers.get(name) is node:
                del self._producers[name]
        del self._nodes[node]

    def replace(self, old: str, new: str) -> None:
        """Let everything that read ``old`` read ``new``; an output of the graph keeps its name.

        Nodes that only computed ``old`` stay until :meth:`remove_unused`.
        """
        if old == new:
            return
        self._note_equal(old, new)
        for user in self.users(old):
            self.set_inputs(user, [new if name == old else name for name in user.inputs])
        if not self.is_kept(old):
            return
        self._release(old)
        producer = self.producer(new)
        if producer is None or self.is_kept(new):
            # Only a node can define the output: an input, a constant or another output needs a copy.
            self._count += 1
            self._insert(Node(op="Identity", inputs=[new], outputs=[old]), (len(self._nodes), self._count))
            return
        self._note_equal(new, old)
        self._order = None
        producer.outputs[producer.outputs.index(new)] = old
        del self._producers[new]
        self._producers[old] = producer
        if new in self.types:
            self.types[old] = self.types[new]
        for user in self.users(new):
            self.set_inputs(user, [old if name == new else name for name in user.inputs])

    def _note_equal(self, old: str, new: str) -> None:
        """Remember under which name a value goes on; a value that has changed goes on nowhere."""
        names = [*self._called.pop(old, ()), *([old] if self.equals.get(old) != "" else [])]
        self.equals.update(dict.fromkeys(names, new))
        if self.equals.get(new):
            del self.equals[new]
        self._called.setdefault(new, []).extend(n for n in names if n != new)

    def note_changed(self, name: str) -> None:
        """Say that a value is no more what it was: what was equal to it is gone."""
        gone = [*self._called.pop(name, ()), name]
        self.equals.update(dict.fromkeys(gone, ""))

    def _release(self, name: str) -> None:
        """Take the name ``name`` from the node that has it as output."""
        producer = self._producers.pop(name, None)
        if producer is not None:
            fresh = self.unique(f"{name}/replaced")
            producer.outputs[producer.outputs.index(name)] = fresh
            self._producers[fresh] = producer
            if name in self.types:
                self.types[fresh] = self.types[name]

    def remove_unused(self) -> None:
        """Remove the nodes and constants that no output depends on."""
        needed = {*self.outputs, *self._captured}
        pending, used = list(needed), set[Node]()
        while pending:
            node = self._producers.get(pending.pop())
            if node is not None and node not in used:
                used.add(node)
                needed.update(node.inputs)
                pending += node.inputs
        for node in [each for each in self._nodes if each not in used]:
            self.remove(node)
        for name in [n for n in self.constants if n not in needed]:
            del self.constants[name]

    def _insert(self, node: Node, order: tuple[int, int]) -> None:
        node.order = order
        self._nodes[node] = None
        for name in node.outputs:
            if name:
                self._producers[name] = node
        self._note_uses(node)
        for graph in subgraphs(node):
            self._captured |= free_names(graph)

    def _note_uses(self, node: Node) -> None:
        self._order = None
        for name in node.inputs:
            if name:
                self._users.setdefault(name, {})[node] = None

    def _forget_uses(self, node: Node) -> None:
        self._order = None
        for name in node.inputs:
            if name:
                self._users.get(name, {}).pop(node, None)

    # Out again

    def to_model(self) -> onnx.ModelProto:
        """The model as it is now, with the type of every value and the functions in use."""
        import onnx

        model = onnx.ModelProto(ir_version=max(self._model.ir_version, _ir_version(self.opset)))
        model.opset_import.append(onnx.helper.make_opsetid("", self.opset))
        graph, source = model.graph, self._model.graph
        graph.name = source.name or "graph"
        nodes = self.nodes
        graph.node.extend(node_proto(n) for n in nodes)
        used = {*self.outputs, *self._captured, *(name for n in nodes for name in n.inputs)}
        graph.initializer.extend(self.constants.proto(n) for n in sorted(self.constants) if n in used)
        graph.input.extend(source.input)
        graph.output.extend(self._value_info(name) for name in self.outputs)
        border = {*self.inputs, *self.outputs}
        inner = [name for n in nodes for name in n.outputs if name and name not in border]
        graph.value_info.extend(self._value_info(name) for name in inner if name in self.types)
        attach_functions(model)
        for domain in sorted({n.domain for n in nodes} - {o.domain for o in model.opset_import}):
            model.opset_import.append(onnx.helper.make_opsetid(domain, 1))
        return model

    def _value_info(self, name: str) -> onnx.ValueInfoProto:
        import onnx

        found = self.types[name]
        element = onnx.helper.np_dtype_to_tensor_dtype(found.dtype)
        return onnx.helper.make_tensor_value_info(name, element, found.shape)


def from_proto(proto: onnx.NodeProto) -> Node:
    """A NodeProto as a node, without empty names at the end of its inputs and outputs."""
    return Node(
        op=proto.op_type,
        inputs=_trimmed(proto.input),
        outputs=_trimmed(proto.output),
        attributes={a.name: attribute_value(a) for a in proto.attribute},
        domain="" if proto.domain == "ai.onnx" else proto.domain,
    )


def free_names(graph: onnx.GraphProto) -> set[str]:
    """The names that a subgraph reads from outside."""
    inside = {t.name for t in graph.initializer} | {v.name for v in graph.input}
    inside |= {name for node in graph.node for name in node.output}
    read = {v.name for v in graph.output}
    for node in graph.node:
        read.update(node.input)
        for inner in subgraphs(from_proto(node)):
            read |= free_names(inner)
    return read - inside - {""}


def _sorted(nodes: Iterable[Node], producers: dict[str, Node]) -> list[Node]:
    """Kahn's algorithm, the lowest ``order`` first among the nodes that are ready."""
    waiting: dict[Node, int] = {}
    readers: dict[Node, list[Node]] = {}
    ready: list[tuple[tuple[int, int], Node]] = []
    for node in nodes:
        names = [*node.inputs, *(n for g in subgraphs(node) for n in free_names(g))]
        before = {producers[n] for n in names if n in producers}
        waiting[node] = len(before)
        for predecessor in before:
            readers.setdefault(predecessor, []).append(node)
        if not before:
            ready.append((node.order, node))
    heap = [(order, i, node) for i, (order, node) in enumerate(sorted(ready, key=lambda r: r[0]))]
    heapq.heapify(heap)
    result: list[Node] = []
    while heap:
        node = heapq.heappop(heap)[2]
        result.append(node)
        for reader in readers.get(node, ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heapq.heappush(heap, (reader.order, len(waiting) + len(result), reader))
    return result


def _trimmed(names: Iterable[str]) -> list[str]:
    listed = list(names)
    while listed and not listed[-1]:
        listed.pop()
    return listed


def _ir_version(opset: int) -> int:
    """The IR version that came with an opset, at least the one that has model-local functions."""
    return 10 if opset <= 22 else 11 if opset == 23 else 12 if opset == 24 else 13


def _declared_type(value: onnx.ValueInfoProto) -> ValueType:
    import onnx

    tensor = value.type.tensor_type
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    return ValueType(dtype=dtype, shape=tuple(d.dim_value for d in tensor.shape.dim))


def _tensor_type(tensor: onnx.TensorProto) -> ValueType:
    import onnx

    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    return ValueType(dtype=dtype, shape=tuple(tensor.dims))
