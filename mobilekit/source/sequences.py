"""Sequences whose length is known and whose parts are chosen by constants: the tensors in them.

PyTorch's exporters write ``chunk`` and ``split`` as SplitToSequence and SequenceAt where nothing
optimises the model. Nothing is computed differently: the parts are those of Split.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array

_SPLIT_TAKES_SIZES, _AXES_ARE_AN_INPUT = 13, 13
"""From these opsets on the sizes of Split, and the axes of Squeeze and Unsqueeze, are inputs."""


def unpack_sequences(model: onnx.ModelProto) -> None:
    """Replace sequences by Split, Concat and Identity, where nothing but these operators uses them.

    Those are SplitToSequence and SequenceConstruct, read by SequenceAt at a constant position or by
    ConcatFromSequence. Every other sequence is left as it is. The inputs' shapes must be fixed.
    """
    made = [n for n in model.graph.node if n.op_type in _MAKERS and not n.domain]
    if not made:
        return
    editing = _Unpacking(model=model)
    for node in made:
        editing.unpack(node)
    kept = [type(node).FromString(node.SerializeToString()) for node in editing.nodes]
    del model.graph.node[:]
    model.graph.node.extend(kept)


@dataclass(slots=True, kw_only=True)
class _Unpacking:
    model: onnx.ModelProto
    nodes: list[onnx.NodeProto] = field(init=False)
    opset: int = field(init=False)
    shapes: dict[str, tuple[int, ...]] = field(init=False)
    constants: dict[str, Array] = field(init=False)
    added: list[onnx.TensorProto] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nodes = list(self.model.graph.node)
        self.opset = next(o.version for o in self.model.opset_import if o.domain in ("", "ai.onnx"))
        self.shapes = dict(_shapes(self.model))
        self.constants = dict(_integers(self.model.graph))

    def unpack(self, made: onnx.NodeProto) -> None:
        """Replace the sequence that ``made`` makes and all that reads it, or nothing."""
        name, self.added = made.output[0], []
        readers = [node for node in self.nodes if name in _mentioned(node)]
        if any(value.name == name for value in self.model.graph.output):
            return
        found = self._parts(made)
        if found is None:
            return
        parts, nodes = found
        replaced = {id(made): nodes}
        for reader in readers:
            instead = self._read(reader, parts)
            if instead is None:
                return
            replaced[id(reader)] = instead
        news = [node for instead in replaced.values() for node in instead]
        if self._taken(news, kept={output for node in readers for output in node.output}):
            return
        self.model.graph.initializer.extend(self.added)
        self.nodes = [new for node in self.nodes for new in replaced.get(id(node), (node,))]

    def _taken(self, nodes: Iterable[onnx.NodeProto], kept: Container[str]) -> bool:
        """Whether the model has a value of a new one's name."""
        here = {name for node in self.nodes for name in node.output}
        here |= {each.name for each in (*self.model.graph.input, *self.model.graph.initializer)}
        return not here.isdisjoint({name for node in nodes for name in node.output if name not in kept})

    def _parts(self, made: onnx.NodeProto) -> tuple[list[str], list[onnx.NodeProto]] | None:
        """The tensors in the sequence and the nodes that make them; None where they are not known."""
        if made.op_type == "SequenceConstruct":
            return list(made.input), []
        axis = _attribute(made, "axis", 0)
        shape = self.shapes.get(made.input[0])
        if shape is None or not -len(shape) <= axis < len(shape):
            return None
        whole = len(made.input) < 2 or not made.input[1]
        sizes = [1] * shape[axis] if whole else self._sizes(made.input[1], shape[axis])
        if not sizes or sum(sizes) != shape[axis]:
            return None
        parts = [f"{made.output[0]}/part{index}" for index in range(len(sizes))]
        nodes = [self._split(made.input[0], parts, sizes, axis)]
        if whole and not _attribute(made, "keepdims", 1):
            flat = [f"{part}/squeezed" for part in parts]
            nodes += [self._reshaping("Squeeze", *pair, axis) for pair in zip(parts, flat, strict=True)]
            parts = flat
        return parts, nodes

    def _sizes(self, name: str, whole: int) -> list[int]:
        """The sizes of the parts of an axis of ``whole``; none where they are no constant."""
        said = self.constants.get(name)
        if said is None or (said.ndim == 0 and int(said) < 1):
            return []
        if said.ndim:
            return [int(size) for size in said]
        size = int(said)
        return [min(size, whole - start) for start in range(0, whole, size)]

    def _read(self, reader: onnx.NodeProto, parts: list[str]) -> list[onnx.NodeProto] | None:
        """What ``reader`` is with the sequence's ``parts``; None where it is anything but these two."""
        from onnx.helper import make_node

        if reader.domain or reader.op_type not in _READERS:
            return None
        output = reader.output[0]
        if reader.op_type == "SequenceAt":
            place = self.constants.get(reader.input[1])
            if place is None or place.size != 1 or not -len(parts) <= int(place.reshape(())) < len(parts):
                return None
            return [make_node("Identity", [parts[int(place.reshape(()))]], [output], name=reader.name)]
        axis = _attribute(reader, "axis", 0)
        nodes: list[onnx.NodeProto] = []
        if _attribute(reader, "new_axis", 0):
            taken = [f"{output}/part{index}" for index in range(len(parts))]
            nodes = [self._reshaping("Unsqueeze", *pair, axis) for pair in zip(parts, taken, strict=True)]
            parts = taken
        return [*nodes, make_node("Concat", parts, [output], name=reader.name, axis=axis)]

    def _split(self, value: str, parts: list[str], sizes: list[int], axis: int) -> onnx.NodeProto:
        from onnx.helper import make_node

        if self.opset < _SPLIT_TAKES_SIZES:
            return make_node("Split", [value], parts, name=parts[0], axis=axis, split=sizes)
        return make_node("Split", [value, self._constant(f"{parts[0]}/sizes", sizes)], parts, axis=axis)

    def _reshaping(self, op: str, value: str, result: str, axis: int) -> onnx.NodeProto:
        from onnx.helper import make_node

        if self.opset < _AXES_ARE_AN_INPUT:
            return make_node(op, [value], [result], name=result, axes=[axis])
        return make_node(op, [value, self._constant(f"{result}/axes", [axis])], [result], name=result)

    def _constant(self, name: str, values: list[int]) -> str:
        import numpy as np
        import onnx

        self.added.append(onnx.numpy_helper.from_array(np.array(values, np.int64), name))
        return name


_MAKERS = ("SplitToSequence", "SequenceConstruct")
_READERS = ("SequenceAt", "ConcatFromSequence")


def _mentioned(node: onnx.NodeProto) -> set[str]:
    """The values that a node reads, those of the graphs inside it too."""
    inner = (each for a in node.attribute if a.HasField("g") for each in a.g.node)
    outputs = (value.name for a in node.attribute if a.HasField("g") for value in a.g.output)
    return {*node.input, *outputs, *(name for each in inner for name in _mentioned(each))}


def _attribute(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((int(a.i) for a in node.attribute if a.name == name), default)


def _shapes(model: onnx.ModelProto) -> Mapping[str, tuple[int, ...]]:
    import onnx

    inferred: Any = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    found = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    for value in (*inferred.input, *inferred.value_info):
        kind = value.type.tensor_type
        if kind.HasField("shape") and all(d.HasField("dim_value") for d in kind.shape.dim):
            found[value.name] = tuple(d.dim_value for d in kind.shape.dim)
    return found


def _integers(graph: onnx.GraphProto) -> Iterator[tuple[str, Array]]:
    """Constant positions and sizes: initializers and Constant nodes of whole numbers."""
    import numpy as np
    import onnx

    kinds = (onnx.TensorProto.INT32, onnx.TensorProto.INT64)
    for tensor in graph.initializer:
        if tensor.data_type in kinds:
            yield tensor.name, onnx.numpy_helper.to_array(tensor)
    for node in graph.node:
        for a in node.attribute if node.op_type == "Constant" else ():
            if a.name == "value" and a.t.data_type in kinds:
                yield node.output[0], onnx.numpy_helper.to_array(a.t)
            elif a.name in ("value_int", "value_ints"):
                yield node.output[0], np.array(a.i if a.name == "value_int" else list(a.ints), np.int64)
