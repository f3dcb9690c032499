"""Operators of an ONNX model as models of their own: how one that a driver cannot prepare is found.

An operator is taken with the DequantizeLinear nodes that it reads and the QuantizeLinear that reads it, as
NPUs take them together::

    a/int8 ─ DequantizeLinear ─ Conv ─ QuantizeLinear ─ c/int8
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True, kw_only=True)
class CutNode:
    """An operator alone: its node's name, its kind, and the model; those of one ``signature`` fare alike."""

    name: str
    kind: str
    model: bytes
    signature: str


def cut_nodes(path: Path) -> Iterator[CutNode]:
    """Every operator of a model, in order; those whose types or shapes nobody knows are left out."""
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.ModelProto.FromString(path.read_bytes()), data_prop=True)
    cutter = _Cutter(model)
    constant = {t.name for t in model.graph.initializer}
    for node in model.graph.node:
        if constant.issuperset(name for name in node.input if name):
            constant.update(node.output)
        elif not node.op_type.endswith("antizeLinear"):
            found = cutter.cut(node)
            if found is not None:
                yield found


class _Cutter:
    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self._model = model
        self._constants = {t.name: t for t in graph.initializer}
        self._infos = {v.name: v for v in (*graph.input, *graph.value_info, *graph.output)}
        self._makers = {name: node for node in graph.node for name in node.output}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in set(node.input):
                self._readers.setdefault(name, []).append(node)

    def cut(self, node: onnx.NodeProto) -> CutNode | None:
        """``node`` with the conversions around it; None where a type at its border is not known."""
        import onnx

        nodes = [*self._before(node), node, *self._after(node)]
        made = {name for each in nodes for name in each.output}
        read = dict.fromkeys(n for each in nodes for n in each.input if n and n not in made)
        inputs = [name for name in read if name not in self._constants]
        used = {name for each in nodes for name in each.input}
        outputs = [n for each in nodes for n in each.output if n and (n not in used or each is nodes[-1])]
        if not inputs or not {*inputs, *outputs} <= self._infos.keys():
            return None
        single = onnx.ModelProto(ir_version=self._model.ir_version, opset_import=self._model.opset_import)
        single.graph.name = "cut"
        single.graph.node.extend(nodes)
        single.graph.input.extend(self._infos[name] for name in inputs)
        single.graph.output.extend(self._infos[name] for name in dict.fromkeys(outputs))
        single.graph.initializer.extend(self._constants[name] for name in read if name in self._constants)
        return CutNode(
            name=node.name,
            kind=node.op_type,
            model=single.SerializeToString(deterministic=True),
            signature=self._signature(nodes, [*read, *outputs]),
        )

    def _before(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """What makes the operands of integers, and what unpacks constants, in the model's order."""
        found: list[onnx.NodeProto] = []
        left = list(dict.fromkeys(node.input))
        while left:
            maker = self._makers.get(left.pop())
            if maker is None or maker in found:
                continue
            unpacks = all(name in self._constants or name in self._makers for name in maker.input if name)
            if maker.op_type == "DequantizeLinear":
                found.insert(0, maker)
            elif unpacks and self._is_constant(maker):
                found.insert(0, maker)
                left.extend(maker.input)
        return found

    def _is_constant(self, node: onnx.NodeProto) -> bool:
        return all(
            name in self._constants or (name in self._makers and self._is_constant(self._makers[name]))
            for name in node.input
            if name
        )

    def _after(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        return [
            reader
            for name in node.output
            for reader in self._readers.get(name, ())
            if reader.op_type == "QuantizeLinear" and len(self._readers[name]) == 1
        ]

    def _signature(self, nodes: list[onnx.NodeProto], values: list[str]) -> str:
        parts = []
        for node in nodes:
            attributes = sorted(a.SerializeToString(deterministic=True).hex() for a in node.attribute)
            parts.append(f"{node.op_type}({','.join(attributes)})")
        for name in values:
            if name in self._constants:
                constant = self._constants[name]
                parts.append(f"{constant.data_type}{list(constant.dims)}")
            elif name in self._infos:
                tensor = self._infos[name].type.tensor_type
                parts.append(f"{tensor.elem_type}{[d.dim_value for d in tensor.shape.dim]}")
        return ";".join(parts)
