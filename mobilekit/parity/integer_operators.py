"""Whether a QDQ model and a .tflite file of the same plan compute the same integers, operator by operator.

Each integer operator of the QDQ model runs alone in ONNX Runtime, fed the tensors that LiteRT computed for
it; its result is compared with LiteRT's. Kernels round differently, by one step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import ModelFileError
from mobilekit.runtimes.litert import LitertSession, open_tflite
from mobilekit.runtimes.ort import OrtSession, open_graph
from mobilekit.runtimes.tflite_integers import IntegerTensor, integer_tensors
from mobilekit.source.graph import graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array, Feed

_ENTRY = "mobilekit"
_MOVED = {"uint8": 128, "uint16": 32768}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far one operator's integers are from LiteRT's, over all samples.

    ``value`` is what it computes; ``within`` the share of elements that differ by at most one step,
    ``largest`` the greatest difference in steps.
    """

    value: str
    kind: str
    elements: int
    within: float
    largest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The operators that were compared, and the values whose integers the .tflite file does not have."""

    operators: tuple[Agreement, ...]
    absent: tuple[str, ...]

    def below(self, share: float) -> tuple[Agreement, ...]:
        """Those with a smaller share of elements within one step."""
        return tuple(each for each in self.operators if each.within < share)


def compare_integers(qdq: Path, tflite: Path, samples: Sequence[Feed], *, fused: bool = True) -> Compared:
    """Compare every integer operator of ``qdq`` with LiteRT's on ``samples``.

    ``fused``: as ONNX Runtime computes by itself, with integer kernels; else in float, as it is written.
    Raises ModelFileError if ``qdq`` is no QDQ model of ours.
    """
    parts = _Parts(qdq)
    tensors = integer_tensors(tflite)
    operators = [part for part in parts.operators() if set(part.values) <= tensors.keys()]
    absent = tuple(part.value for part in parts.operators() if not set(part.values) <= tensors.keys())
    found = []
    with open_tflite(tflite, preserve_all=True) as litert:
        kept = [_recorded(litert, parts, tensors, operators, feed) for feed in samples]
    for part in operators:
        with open_graph(graph_from_proto(part.model, stage="legalised"), integers=fused) as session:
            found.append(_agreement(part, session, kept))
    return Compared(operators=tuple(found), absent=absent)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One operator alone: ``reads`` maps its inputs (names of integers) to the values they are of."""

    value: str
    kind: str
    model: onnx.ModelProto
    reads: Mapping[str, str]
    result: str

    @property
    def values(self) -> tuple[str, ...]:
        return (*self.reads.values(), self.value)


class _Parts:
    """A QDQ model, to be taken apart."""

    def __init__(self, path: Path) -> None:
        import onnx

        self.model = onnx.ModelProto.FromString(path.read_bytes())
        said = next((p.value for p in self.model.metadata_props if p.key == _ENTRY), None)
        if said is None:
            message = f"{path} is no QDQ model of mobilekit: it has no metadata {_ENTRY!r}"
            raise ModelFileError(message, hint="mobilekit convert --to onnx-qdq writes one")
        content = json.loads(said)
        self._integers: dict[str, str] = content["integers"]
        self._written: list[str] = content["written"]
        self._value_of = {integers: value for value, integers in self._integers.items()}
        self._constants = {t.name: t for t in self.model.graph.initializer}
        self._makers = {name: node for node in self.model.graph.node for name in node.output}
        self._places = {name: i for i, node in enumerate(self.model.graph.node) for name in node.output}
        graph = self.model.graph
        self._infos = {v.name: v for v in (*graph.input, *graph.value_info, *graph.output)}

    def operators(self) -> Iterator[_Part]:
        """The integer operators, in the model's order."""
        for value in self._written:
            yield self._part(value)

    def stored(self, integers: str) -> str:
        """The element type of the tensor ``integers``."""
        import onnx

        zero = self._constants[self._makers[integers].input[2]]
        return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(zero.data_type)).name

    def scale(self, value: str) -> float:
        """The scale of a value's integers."""
        import onnx

        name = self._makers[self._integers[value]].input[1]
        return float(onnx.numpy_helper.to_array(self._constants[name]))

    def _part(self, value: str) -> _Part:
        """The nodes between the integers of ``value`` and those that they are made of."""
        import onnx

        result = self._integers[value]
        nodes: list[onnx.NodeProto] = []
        reads: dict[str, str] = {}
        left, seen = [result], set()
        while left:
            name = left.pop()
            node = self._makers.get(name)
            if name in seen or node is None:
                continue
            seen.add(name)
            nodes.append(node)
            for read in node.input:
                if read in self._value_of and node.op_type == "DequantizeLinear":
                    reads[read] = self._value_of[read]
                elif read:
                    left.append(read)
        nodes.sort(key=lambda node: self._places[node.output[0]])
        single = onnx.ModelProto(ir_version=self.model.ir_version, opset_import=self.model.opset_import)
        single.graph.name = value
        single.graph.input.extend(self._info(name) for name in reads)
        single.graph.output.append(self._info(result))
        single.graph.node.extend(nodes)
        used = {read for node in nodes for read in node.input}
        single.graph.initializer.extend(t for name, t in self._constants.items() if name in used)
        kinds = [n.op_type for n in nodes if n.op_type not in ("QuantizeLinear", "DequantizeLinear")]
        return _Part(value=value, kind=kinds[0] if kinds else "", model=single, reads=reads, result=result)

    def _info(self, integers: str) -> onnx.ValueInfoProto:
        """The type of the tensor ``integers``, which has the shape of its value."""
        import onnx

        said = self._infos[self._value_of[integers]].type.tensor_type.shape
        zero = self._constants[self._makers[integers].input[2]]
        return onnx.helper.make_tensor_value_info(integers, zero.data_type, [d.dim_value for d in said.dim])


def _recorded(
    litert: LitertSession,
    parts: _Parts,
    tensors: Mapping[str, Sequence[IntegerTensor]],
    operators: Sequence[_Part],
    feed: Feed,
) -> dict[str, Array]:
    """LiteRT's integers of every value of ``operators`` in ONNX layout, as the QDQ model stores them."""
    names = {name: value for part in operators for name, value in part.reads.items()}
    names |= {part.result: part.value for part in operators}
    chosen = {name: _of_scale(tensors[value], parts.scale(value)) for name, value in names.items()}
    stored = litert.run_stored(feed, sorted({tensor.index for tensor in chosen.values()}))
    found = {}
    for name, tensor in chosen.items():
        array = np.transpose(stored[tensor.index], np.argsort(tensor.permutation))
        dtype = parts.stored(name)
        found[name] = np.ascontiguousarray((array.astype(np.int32) + _MOVED.get(dtype, 0)).astype(dtype))
    return found


def _of_scale(tensors: Sequence[IntegerTensor], scale: float) -> IntegerTensor:
    """The tensor with a scale, else the first."""
    return min(tensors, key=lambda tensor: tensor.scale != scale)


def _agreement(part: _Part, session: OrtSession, kept: Sequence[Mapping[str, Array]]) -> Agreement:
    elements, within, largest = 0, 0, 0
    for values in kept:
        result = session.run({name: values[name] for name in part.reads})[part.result]
        steps = np.abs(result.astype(np.int32) - values[part.result].astype(np.int32))
        elements += steps.size
        within += int(np.count_nonzero(steps <= 1))
        largest = max(largest, int(steps.max(initial=0)))
    return Agreement(
        value=part.value,
        kind=part.kind,
        elements=elements,
        within=within / max(elements, 1),
        largest=largest,
    )
