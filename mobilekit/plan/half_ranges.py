"""What float16 cannot hold: values, sums and divisors of the legalised graph beyond its range on the photos.

float16 ends at 65504 and at 2^-24. A mean adds its terms up before it divides: over a large map the sum
leaves the range where every value is small, and so does the sum of squares of a variance. A target is
free to add in float16, so sums count as values do::

    x ─ ReduceMean ─ y      is probed as      x ─ Abs ─ ReduceSum ─ observed
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.calibrate.observe import observe
from mobilekit.convert.view import view_of
from mobilekit.plan.half_integers import integer_reasons
from mobilekit.source.graph import graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.calibrate.stats import CalibrationStats
    from mobilekit.convert.view import GraphView
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed

END = 65504.0
LARGEST = END / 2
"""Other photos go further than those observed."""
SMALLEST = 2.0**-24
"""What is below half of it is zero."""
LEAST_NORMAL = 2.0**-14
"""Below it digits are lost."""

_MEANS = ("ReduceMean", "ReduceSum", "GlobalAveragePool")
_NORMS = ("Normalize", "GroupNormalize", "RmsNormalize")
_PREFIX = "mobilekit.half"
_LIMITS = ("Clip", "Max", "Min", "Pad")
"""Their constants may be the ends of a range: infinity says the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Probe:
    """A value added to the graph for ``node``; ``said`` names it, ``least``: its minimum counts."""

    node: str
    value: str
    said: str
    least: bool = False


def range_reasons(
    graph: Graph, samples: Iterable[Feed], *, progress: Callable[[int, int], None] | None = None
) -> dict[str, str]:
    """The first output of every node that float16 cannot compute on ``samples`` → why, in graph order."""
    view = view_of(graph)
    model = graph.proto()
    probes = list(_probes(model, view))
    floats = [name for name in _runtime_values(view) if view.dtypes[name] == np.float32 and _size(view, name)]
    if not floats and not probes:
        return {}
    stats = observe(
        graph_from_proto(model, stage=graph.stage),
        samples,
        values=[*floats, *(probe.value for probe in probes)],
        progress=progress,
    )
    told = (
        *_of_constants(view),
        *integer_reasons(view),
        *_of_values(view, stats, floats),
        *((probe.node, reason) for probe in probes if (reason := _of_probe(probe, stats))),
    )
    found: dict[str, str] = {}
    for node, reason in told:
        found.setdefault(node, reason)
    order = (next(name for name in node.output if name) for node in view.nodes)
    return {name: found[name] for name in order if name in found}


def _of_values(view: GraphView, stats: CalibrationStats, floats: list[str]) -> Iterator[tuple[str, str]]:
    """A value out of range concerns the node that makes it and those that read it.

    One that is tiny throughout does not matter where it is only added to something.
    """
    makers = {name: node.output[0] for node in view.nodes for name in node.output if name}
    for name in floats:
        found = stats.values[name]
        largest = max(-found.minimum, found.maximum)
        if largest > LARGEST:
            said = f"{name} reaches {largest:.2g}, float16 ends at 65504"
        elif 0.0 < largest < LEAST_NORMAL and not _is_only_added(view, name):
            said = f"{name} is at most {largest:.2g}, float16 loses digits below 6.1e-05"
        else:
            continue
        readers = [view.nodes[index].output[0] for index in view.consumers.get(name, ())]
        for node in (makers.get(name), *readers):
            if node:
                yield node, said


def _is_only_added(view: GraphView, name: str) -> bool:
    readers = [view.nodes[index].op_type for index in view.consumers.get(name, ())]
    return bool(readers) and set(readers) <= {"Add", "Sub", "Sum"}


def _of_probe(probe: _Probe, stats: CalibrationStats) -> str:
    found = stats.values[probe.value]
    if probe.least:
        small = 0.0 < found.minimum < SMALLEST
        return f"{probe.said} is {found.minimum:.2g}, zero in float16" if small else ""
    return f"{probe.said} reaches {found.maximum:.2g}" if found.maximum > LARGEST else ""


def _of_constants(view: GraphView) -> Iterator[tuple[str, str]]:
    """Constants that become infinite, or zero throughout."""
    for node in view.nodes:
        for name in node.input:
            array = view.constants.get(name)
            if array is None or array.dtype.kind != "f" or not array.size or node.op_type in _LIMITS:
                continue
            magnitudes = np.abs(array[np.isfinite(array)]).astype(np.float64)
            largest = float(magnitudes.max(initial=0.0))
            if largest > END:
                yield node.output[0], f"its constant {name} is {largest:.2g}, float16 ends at 65504"
            elif 0.0 < largest < SMALLEST:
                yield node.output[0], f"its constant {name} is {largest:.2g}, zero in float16"


def _probes(model: onnx.ModelProto, view: GraphView) -> Iterator[_Probe]:
    """Add the sums and divisors of every node to ``model``."""
    for index, node in enumerate(view.nodes):
        if any(
            name and (view.dtypes[name] != np.float32 or not _size(view, name)) for name in node.input[:1]
        ):
            continue
        writer = _Writer(model=model, prefix=f"{_PREFIX}.{index}", node=node.output[0])
        if node.op_type in _NORMS or node.op_type in _MEANS:
            yield from _of_sums(writer, node, view)
        elif node.op_type == "Div" and node.input[1] not in view.constants:
            yield writer.divisor(node.input[1])
        elif node.op_type in ("Reciprocal", "Log", "Sqrt") and node.input[0] not in view.constants:
            yield writer.divisor(node.input[0])


def _of_sums(writer: _Writer, node: onnx.NodeProto, view: GraphView) -> Iterator[_Probe]:
    shape = view.shapes[node.input[0]]
    axes = _axes(node, view)
    data = node.input[0]
    if node.op_type == "GroupNormalize":
        groups = _attribute(node, "groups", 1)
        shape = (shape[0], groups, math.prod(shape[1:]) // groups)
        data, axes = writer.reshaped(data, shape), (2,)
    terms = math.prod(shape[axis] for axis in axes)
    if terms < 2 or 0 in shape:
        return
    if node.op_type == "RmsNormalize":
        yield writer.sum_of("Mul", [data, data], axes, f"a sum of {terms} squares")
        return
    yield writer.sum_of("Abs", [data], axes, f"a sum over {terms} values")
    if node.op_type in _NORMS:
        mean = writer.add("ReduceMean", [data, writer.constant(axes)], keepdims=1)
        centred = writer.add("Sub", [data, mean])
        yield writer.sum_of("Mul", [centred, centred], axes, f"a sum of {terms} squares around the mean")


def _axes(node: onnx.NodeProto, view: GraphView) -> tuple[int, ...]:
    """Non-negative reduced axes; of a pool the spatial ones, all where none are said."""
    rank = len(view.shapes[node.input[0]])
    if node.op_type == "GlobalAveragePool":
        return tuple(range(2, rank))
    given = _attribute(node, "axes", ())
    if not given and len(node.input) > 1 and node.op_type in _MEANS and node.input[1] in view.constants:
        given = view.constants[node.input[1]].tolist()
    return tuple(sorted(int(axis) % rank for axis in given)) or tuple(range(rank))


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    import onnx

    found = next((a for a in node.attribute if a.name == name), None)
    return default if found is None else onnx.helper.get_attribute_value(found)


def _runtime_values(view: GraphView) -> list[str]:
    """Inputs and results, in the order of the graph."""
    made = [name for node in view.nodes for name in node.output if name]
    return [*view.inputs, *made]


def _size(view: GraphView, name: str) -> int:
    return math.prod(view.shapes[name])


@dataclass(slots=True, kw_only=True)
class _Writer:
    """Adds the nodes of one probe; the values that are observed get a shape."""

    model: onnx.ModelProto
    prefix: str
    node: str
    count: int = 0

    def sum_of(self, operator: str, inputs: list[str], axes: tuple[int, ...], said: str) -> _Probe:
        """``ReduceSum(operator(inputs))``, observed as one number: the largest."""
        terms = self.add(operator, inputs)
        total = self.add("ReduceSum", [terms, self.constant(axes)], keepdims=1)
        return _Probe(node=self.node, value=self._number("ReduceMax", total), said=said)

    def divisor(self, value: str) -> _Probe:
        """The smallest magnitude of ``value``."""
        smallest = self._number("ReduceMin", self.add("Abs", [value]))
        return _Probe(node=self.node, value=smallest, said=f"the least of {value}", least=True)

    def reshaped(self, value: str, shape: tuple[int, ...]) -> str:
        """``value`` in another shape."""
        return self.add("Reshape", [value, self.constant(shape)])

    def constant(self, numbers: Iterable[int]) -> str:
        """The name of an int64 initializer."""
        import onnx

        name = self._name()
        array = np.array(list(numbers), dtype=np.int64)
        self.model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
        return name

    def add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        """Append a node; its output."""
        import onnx

        name = self._name()
        self.model.graph.node.append(onnx.helper.make_node(operator, inputs, [name], **attributes))
        return name

    def _number(self, operator: str, value: str) -> str:
        import onnx

        name = self.add(operator, [value], keepdims=0)
        info = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ())
        self.model.graph.value_info.append(info)
        return name

    def _name(self) -> str:
        self.count += 1
        return f"{self.prefix}.{self.count}"
