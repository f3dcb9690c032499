"""Parts of a .tflite file as files of their own: how an operator that a driver refuses is found."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

_MOST_VALUES = 64  # axes, sizes, slopes of a few channels: what a driver may look at
_PART = re.compile(r"(/form\d+|/part\d+|/inner)+$")


def onnx_value(tensor: str) -> str:
    """The ONNX value that a tensor of one of our files is (or is a step towards), by the tensor's name."""
    return _PART.sub("", tensor)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOperator:
    """Operator ``index`` of the file: its builtin kind, the value it computes, and what tells it apart.

    Operators of one ``signature`` have the same kind, version, options, types, shapes and small
    constants: a driver takes all or none. ``unpacks`` marks a DEQUANTIZE of a constant.
    """

    index: int
    kind: str
    value: str
    signature: str
    unpacks: bool


class TfliteGraph:
    """The first subgraph of a file, to be cut. Raises what the schema's reader raises for damaged files."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema: Any = schema
        self._model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
        self._graph = self._model.subgraphs[0]
        self._producer = {int(t): i for i, o in enumerate(self._graph.operators) for t in o.outputs}

    @cached_property
    def operators(self) -> tuple[CutOperator, ...]:
        """All operators, in the file's order."""
        builtin = vars(self._schema.BuiltinOperator).items()
        names = {value: name for name, value in builtin if isinstance(value, int)}
        return tuple(self._described(i, o, names) for i, o in enumerate(self._graph.operators))

    def cut(self, indices: Collection[int]) -> bytes:
        """A file of these operators alone, with the constants they read (unpacked ones too).

        What they read and none of them computes becomes an input; what the rest of the file reads,
        or nobody, an output.
        """
        chosen = sorted(set(indices) | self._unpackers(indices))
        operators = [self._graph.operators[i] for i in chosen]
        made = [int(t) for o in operators for t in o.outputs]
        read = [int(t) for o in operators for t in self._inputs(o)]
        used = list(dict.fromkeys([*read, *made]))
        place = {tensor: i for i, tensor in enumerate(used)}
        graph = self._schema.SubGraphT()
        graph.inputs = [place[t] for t in dict.fromkeys(read) if t not in made and not self._constant(t)]
        graph.outputs = [place[t] for t in made if self._leaves(t, chosen)]
        model = self._schema.ModelT()
        model.version, model.description = self._model.version, self._model.description
        model.operatorCodes = self._model.operatorCodes
        others = self._model.subgraphs[1:]
        model.buffers = self._model.buffers if others else [self._schema.BufferT()]
        graph.tensors = [self._tensor(model, t, shared=bool(others)) for t in used]
        graph.operators = [self._moved(o, place) for o in operators]
        model.subgraphs = [graph, *others]
        return self._packed(model)

    def _inputs(self, operator: Any) -> list[int]:
        inputs = [] if operator.inputs is None else operator.inputs
        return [int(t) for t in inputs if t >= 0]

    def _unpackers(self, indices: Collection[int]) -> set[int]:
        """The DEQUANTIZEs of constants that these operators read."""
        read = {t for i in indices for t in self._inputs(self._graph.operators[i])}
        makers = {self._producer[t] for t in read if t in self._producer}
        return {i for i in makers if self.operators[i].unpacks}

    def _constant(self, tensor: int) -> bool:
        data = self._model.buffers[self._graph.tensors[tensor].buffer].data
        return data is not None and len(data) > 0

    def _leaves(self, tensor: int, chosen: Sequence[int]) -> bool:
        readers = [i for i, o in enumerate(self._graph.operators) if tensor in self._inputs(o)]
        if tensor in self._graph.outputs or not readers:
            return True
        return bool(set(readers) - set(chosen)) and not self.operators[self._producer[tensor]].unpacks

    def _tensor(self, model: Any, index: int, *, shared: bool) -> Any:
        """A copy of a tensor; its buffer is copied along unless all buffers are shared."""
        old, new = self._graph.tensors[index], self._schema.TensorT()
        vars(new).update(vars(old))
        if not shared:
            new.buffer = 0
            if self._constant(index):
                new.buffer = len(model.buffers)
                model.buffers.append(self._model.buffers[old.buffer])
        return new

    def _moved(self, operator: Any, place: dict[int, int]) -> Any:
        moved = self._schema.OperatorT()
        vars(moved).update(vars(operator))
        moved.inputs = [place[int(t)] if t >= 0 else -1 for t in operator.inputs]
        moved.outputs = [place[int(t)] for t in operator.outputs]
        moved.intermediates = []
        return moved

    def _packed(self, model: Any) -> bytes:
        import flatbuffers

        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _described(self, index: int, operator: Any, names: dict[int, str]) -> CutOperator:
        code = self._model.operatorCodes[operator.opcodeIndex]
        kind = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        if kind == "CUSTOM":
            kind = f"CUSTOM {(code.customCode or b'').decode()}"
        inputs, outputs = self._inputs(operator), [int(t) for t in operator.outputs]
        options = vars(operator.builtinOptions) if operator.builtinOptions is not None else {}
        tensors = [self._signature(t) for t in (*operator.inputs, *outputs)]
        said = {name: np.asarray(value).tolist() for name, value in sorted(options.items())}
        return CutOperator(
            index=index,
            kind=kind,
            value=onnx_value(self._graph.tensors[outputs[0]].name.decode()) if outputs else "",
            signature=f"{kind} {code.version} {said} {tensors}",
            unpacks=kind == "DEQUANTIZE" and self._constant(inputs[0]),
        )

    def _signature(self, index: int) -> str:
        if index < 0:
            return "absent"
        tensor = self._graph.tensors[index]
        said = tensor.quantization
        scales = 0 if said is None or said.scale is None else len(said.scale)
        shape = [] if tensor.shape is None else [int(size) for size in tensor.shape]
        text = f"{tensor.type}{shape}q{scales}"
        unpacked = self._producer.get(index)
        if unpacked is not None and self._graph.operators[unpacked].outputs[0] == index:
            source = self._graph.operators[unpacked].inputs
            text += "u" if len(source) == 1 and self._constant(int(source[0])) else ""
        if not self._constant(index):
            return text
        data = self._model.buffers[tensor.buffer].data
        return text + (f"={bytes(data).hex()}" if len(data) <= 4 * _MOST_VALUES else "=constant")
