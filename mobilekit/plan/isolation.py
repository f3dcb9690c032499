"""Every int8 operator alone: its int8 result on float inputs, against its float result.

All in one pass (of large networks in a few): beside each operator of the float graph stands a rounded
twin that reads the same values, and only the energy of their difference leaves the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.simulate import Source, round_operands, round_trip, sources_of
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed

BYTES_PER_RUN = 512 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolated:
    """Error energy over the energy of what varies, per operator (by name) and per rounded value.

    0 is exact, 1 is as much error as signal.
    """

    operators: Mapping[str, float]
    values: Mapping[str, float]

    def of(self, source: Source) -> float:
        """The error of a source alone; operands as their operator."""
        return (self.values if source.kind == "value" else self.operators).get(source.name, 0.0)


def isolate(
    graph: Graph, plan: QuantisationPlan, operators: Sequence[Operator], samples: Iterable[Feed]
) -> Isolated:
    """The error of each int8 operator and of each rounded value of ``plan``, each alone.

    ``graph`` is as the plan equalises it. Operators that only move data are left out.
    """
    samples = list(samples)
    values = [s.name for s in sources_of(operators, plan.operators) if s.kind == "value"]
    chosen = [o for o in operators if plan.precision_of(o.name) == "int8" and o.rule != "same-scale"]
    totals: dict[str, float] = {}
    for some, others in _chunks(graph, chosen, values):
        # A signal that two chunks need is the same in both.
        totals.update(_energies(_twins(graph, plan, some, others), samples))
    return Isolated(
        operators={o.name: _share(totals, _twin(o.outputs[0]), o.outputs[0]) for o in chosen},
        values={v: _share(totals, _rounded(v), v) for v in values},
    )


def _chunks(
    graph: Graph, chosen: Sequence[Operator], values: Sequence[str]
) -> Iterator[tuple[list[Operator], list[str]]]:
    """Operators and values whose results are in memory together. Of most networks it is one chunk."""
    view = view_of(graph)
    kept: tuple[list[Operator], list[str]] = ([], [])
    bytes_kept = 0
    items: list[Operator | str] = [*chosen, *values]
    for each in items:
        value = each if isinstance(each, str) else each.outputs[0]
        if bytes_kept > BYTES_PER_RUN:
            yield kept
            kept, bytes_kept = ([], []), 0
        bytes_kept += view.size_bytes(value)
        if isinstance(each, str):
            kept[1].append(each)
        else:
            kept[0].append(each)
    if kept[0] or kept[1]:
        yield kept


def _energies(twins: Graph, samples: Iterable[Feed]) -> dict[str, float]:
    """The outputs of ``twins``, summed over the samples."""
    totals: dict[str, float] = {}
    with open_graph(twins, integers=False) as session:
        used = {spec.name for spec in session.inputs}
        for feed in samples:
            for name, energy in session.run({k: v for k, v in feed.items() if k in used}).items():
                totals[name] = totals.get(name, 0.0) + float(energy)
    return totals


def _share(totals: Mapping[str, float], other: str, value: str) -> float:
    """Energy of the error over that of the signal; an error of what never varies counts whole."""
    error, signal = totals[_error(other)], totals[_signal(value)]
    return error / signal if signal > 0.0 else float(error > 0.0)


def _twins(graph: Graph, plan: QuantisationPlan, chosen: Sequence[Operator], values: Sequence[str]) -> Graph:
    """``graph`` with a rounded twin of each of ``chosen``; its outputs are energies, a number each."""
    model = graph.proto()
    del model.graph.output[:]
    for value in dict.fromkeys([*values, *(v for o in chosen for v in o.inputs)]):
        model.graph.node.extend(round_trip(model, value, _rounded(value), plan.values[value]))
    makers = {name: node for node in model.graph.node for name in node.output}
    for operator in chosen:
        _add_twin(model, makers, plan, operator)
    pairs = [(_twin(o.outputs[0]), o.outputs[0]) for o in chosen] + [(_rounded(v), v) for v in values]
    for other, value in pairs:
        _leave(model, value, other, _error(other))
    for value in dict.fromkeys(value for _, value in pairs):
        mean = f"{value}/mean"
        _append(model, "ReduceMean", [value], mean, keepdims=1)
        _leave(model, value, mean, _signal(value))
    return graph_from_proto(model, stage=graph.stage)


def _add_twin(
    model: onnx.ModelProto, makers: Mapping[str, onnx.NodeProto], plan: QuantisationPlan, operator: Operator
) -> None:
    """The operator (and the activation that is part of it), with rounded operands and result."""
    output = operator.outputs[0]
    copies = [_copied(model, makers[operator.name])]
    if output != operator.name:
        copies.append(_copied(model, makers[output]))
    for copy in copies:
        for slot, name in enumerate(copy.output):
            copy.output[slot] = f"{_twin(name)}/exact" if name else name
    for slot, name in enumerate(copies[0].input):
        if name in operator.inputs:
            copies[0].input[slot] = _rounded(name)
    round_operands(model, copies[0], operator)
    if len(copies) > 1:
        copies[1].input[0] = copies[0].output[0]
    exact = copies[-1].output[0]
    model.graph.node.extend(round_trip(model, exact, _twin(output), plan.values[output]))


def _copied(model: onnx.ModelProto, node: onnx.NodeProto) -> onnx.NodeProto:
    copy = model.graph.node.add()
    copy.CopyFrom(node)
    copy.name = _twin(node.output[0])
    return copy


def _leave(model: onnx.ModelProto, one: str, other: str, name: str) -> None:
    """Let the energy of ``one - other`` leave the graph as ``name``."""
    import onnx

    difference = f"{name}/difference"
    _append(model, "Sub", [one, other], difference)
    _append(model, "ReduceSumSquare", [difference], name, keepdims=0)
    model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ()))


def _append(model: onnx.ModelProto, operator: str, inputs: list[str], output: str, **attributes: Any) -> None:
    import onnx

    model.graph.node.append(onnx.helper.make_node(operator, inputs, [output], **attributes))


def _rounded(value: str) -> str:
    return f"{value}/int8"


def _twin(value: str) -> str:
    return f"{value}/twin"


def _error(value: str) -> str:
    return f"{value}/error"


def _signal(value: str) -> str:
    return f"{value}/signal"
