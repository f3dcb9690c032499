"""Which operators a processor computes faster in float: a minimum cut over measured costs.

An operator pays for its own form, and a value for each conversion that it needs::

    source: float       c(float) of an operator on this side       a value that an int8 operator makes and a
    sink:   int8        c(int8) of an operator on that side        float one reads is dequantised, once; …

Products are int8 whatever they cost; convolutions by their costs, which leaves depthwise ones float, and
those of a few channels between float operators. What only follows is int8 where all that it reads is, as
:mod:`~mobilekit.plan.precision` decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mobilekit.convert.tflite.cut import NEVER, SINK, SOURCE, Cut
from mobilekit.plan.kernel_costs import TABLES, conversion_ns, costs_of, is_depthwise, merged_into
from mobilekit.plan.precision import decide

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.plan.kernel_costs import Costs

REASON = "faster in float on a processor: its 8-bit kernel and the conversions cost more than they save"

LEAST_GAIN = 0.8
"""Work is not float for less: what int8 costs of it is taken for this much."""

LEAST_NS = 10_000.0
"""A dense convolution that takes less is int8 whatever it costs: nobody waits for it."""

_LARGEST_SUM = 1 << 27


def faster_in_float(
    view: GraphView, operators: Sequence[Operator], denied: Mapping[str, str]
) -> dict[str, str]:
    """The operators to leave float besides those that ``denied`` leaves, by name, with the reason."""
    plans = decide(operators, denied=denied)
    candidates = [o for o in operators if plans[o.name].precision == "int8"]
    tables = [o for o in operators if o.rule is None and o.op_type in TABLES and len(o.inputs) == 1]
    nodes = {node.output[0]: node for node in view.nodes}
    cut = Cut()
    place = {o.name: cut.node() for o in (*candidates, *tables)}
    makers = {value: place.get(o.name, SOURCE) for o in operators for value in o.outputs if value}
    costs = {o.name: costs_of(view, nodes[o.name], o.outputs[0]) for o in (*candidates, *tables)}
    unit = max(1.0, sum(map(sum, costs.values())) / _LARGEST_SUM)
    for operator in candidates:
        own = place[operator.name]
        in_float, in_int8 = (int(c / unit) for c in costs[operator.name])
        weighs = operator.rule == "weights"
        in_int8 = int(in_int8 * LEAST_GAIN) if weighs else in_int8
        shared = min(in_float, in_int8)
        stays = weighs and not _may_be_float(view, nodes[operator.name], in_float * unit)
        cut.arc(own, SINK, NEVER if stays else in_float - shared)
        cut.arc(SOURCE, own, in_int8 - shared)
        if operator.rule in ("free", "fixed"):
            for value in (v for v in operator.inputs if v in makers):
                cut.arc(makers[value], own, NEVER)
        merged = merged_into(view, nodes[operator.name])
        if merged is not None:
            reader = place.get(merged.output[0], SOURCE)
            cut.arc(reader, own, NEVER)
            cut.arc(own, reader, NEVER)
    _as_tables(cut, view, tables, operators, place, makers, costs, unit)
    _conversions(cut, view, operators, place, makers, unit)
    on_source = cut.solve()
    return {o.name: REASON for o in candidates if on_source[place[o.name]]}


def _may_be_float(view: GraphView, node: onnx.NodeProto, nanoseconds: float) -> bool:
    """Whether an operator with weights, which takes so long in float, is asked for its costs."""
    return node.op_type == "Conv" and (nanoseconds >= LEAST_NS or is_depthwise(view, node))


def _as_tables(
    cut: Cut,
    view: GraphView,
    tables: Sequence[Operator],
    operators: Sequence[Operator],
    place: Mapping[str, int],
    makers: Mapping[str, int],
    costs: Mapping[str, Costs],
    unit: float,
) -> None:
    """A float function of one value between int8 operators costs a table, and no conversion."""
    readers: dict[str, list[int]] = {value: [SOURCE] for value in view.outputs}
    for operator in operators:
        for value in operator.inputs:
            readers.setdefault(value, []).append(place.get(operator.name, SOURCE))
    for table in tables:
        own = place[table.name]
        in_float, in_int8 = (int(cost / unit) for cost in costs[table.name])
        cut.arc(own, SINK, max(0, in_float - in_int8))
        around = [makers.get(table.inputs[0], SOURCE)]
        around += [reader for value in table.outputs for reader in readers.get(value, [])]
        for other in around:
            cut.arc(other, own, NEVER)


def _conversions(
    cut: Cut,
    view: GraphView,
    operators: Sequence[Operator],
    place: Mapping[str, int],
    makers: Mapping[str, int],
    unit: float,
) -> None:
    """Every value that is read in a form other than the one it is made in is converted once."""
    readers: dict[str, set[int]] = {}
    for operator in operators:
        for value in operator.inputs:
            readers.setdefault(value, set()).add(place.get(operator.name, SOURCE))
    for value in view.outputs:
        readers.setdefault(value, set()).add(SOURCE)
    for value, reading in sorted(readers.items()):
        maker = makers.get(value, SOURCE)
        if maker == SOURCE and reading == {SOURCE}:
            continue
        to_float, to_int8 = cut.node(), cut.node()
        for reader in sorted(reading):
            cut.arc(reader, to_float, NEVER)
            cut.arc(to_int8, reader, NEVER)
        cut.arc(to_float, maker, int(conversion_ns(view, value, to_int8=False) / unit))
        cut.arc(maker, to_int8, int(conversion_ns(view, value, to_int8=True) / unit))
