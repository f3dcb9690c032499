"""What each tier's accelerators would take of its file, by the lists that delegates publish.

The file is drafted, not written, and nothing is run: an int8 or w8a16 file is drafted with a plan that has
the right precisions and made-up scales, since no photo has been looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.tier import Accelerator, Precision

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.delegates.operators import FileOperator
    from mobilekit.description import ModelDescription
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.tier import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedOperator:
    """A TFLite operator that a delegate leaves to the CPU, and why.

    ``value`` is the value of the legalised graph that it computes, ``node`` the node of the model that
    this comes from: its name, else its operator and output.
    """

    index: int
    operator: str
    value: str
    node: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateOutlook:
    """What a delegate would do with a tier's file: ``refused`` operators run on the CPU.

    ``parts`` is in how many pieces it would run the ``accelerated`` ones among ``operators``.
    ``source`` is the version and date of the published list, ``silent_on`` what the list leaves out;
    where only refusals are published (``only_refusals``), the rest may be refused all the same.
    """

    tier: str
    precision: Precision
    accelerator: Accelerator
    delegate: str
    title: str
    operators: int
    accelerated: int
    parts: int
    refused: tuple[RefusedOperator, ...]
    source: str
    silent_on: str
    only_refusals: bool


def delegate_outlooks(
    graph: Graph, description: ModelDescription, tiers: Sequence[Tier], *, source: onnx.ModelProto
) -> tuple[DelegateOutlook, ...]:
    """For each tier, what the delegates of its accelerators would take of the legalised ``graph``.

    ``source`` is the model that the graph comes from: its nodes are named.
    """
    nodes = named_nodes(source)
    drafted: dict[tuple[str, str, bool], tuple[FileOperator, ...]] = {}
    found: list[DelegateOutlook] = []
    for tier in tiers:
        on_processor = "cpu" in tier.accelerators
        key = (tier.precision, tier.io, on_processor)
        if key not in drafted:
            drafted[key] = drafted_operators(
                graph, description, precision=tier.precision, io=tier.io, on_processor=on_processor
            )
        for accelerator in tier.accelerators:
            found += _by_list(tier, accelerator, drafted[key], nodes)
    return tuple(found)


def drafted_operators(
    graph: Graph,
    description: ModelDescription,
    *,
    precision: Precision,
    io: str = "float32",
    on_processor: bool = True,
) -> tuple[FileOperator, ...]:
    """The operators of the file that a legalised ``graph`` becomes at ``precision``."""
    from mobilekit.convert.tflite.api import draft
    from mobilekit.convert.tflite.delegates.operators import operators_of_draft

    plan = None
    if precision == "int8":
        plan = unseen_plan(graph, on_processor=on_processor)
    elif precision == "w8a16":
        plan = unseen_int16_plan(graph)
    builder = draft(
        graph,
        precision=precision,
        plan=plan,
        description=description,
        io="int8" if io == "int8" else "float32",
    )
    return operators_of_draft(builder)


def unseen_plan(graph: Graph, *, on_processor: bool = True) -> QuantisationPlan:
    """A plan with the precisions that a graph's operators can have, and one scale for all values.

    What calibration finds (values that do not fit one range, say) can only leave more in float.
    """
    from mobilekit.convert.tflite.quantisable import operators_of
    from mobilekit.convert.tflite.view import view_of
    from mobilekit.plan.always_float import always_float
    from mobilekit.plan.heavy_weights import lighten
    from mobilekit.plan.precision import decide
    from mobilekit.quantisation import QuantisationPlan, Scale

    view = view_of(graph)
    operators = operators_of(view)
    denied = always_float(view, operators, on_processor=on_processor)
    precisions = lighten(view, operators, decide(operators, denied=denied))
    step = Scale(scale=1.0 / 128.0, zero_point=0)
    values = {name: step for name in view.shapes if name not in view.constants}
    for operator in operators:
        if operator.fixed is not None:
            values.update(dict.fromkeys(operator.outputs, operator.fixed))
    return QuantisationPlan(graph_digest=graph.digest, values=values, operators=precisions, method="unseen")


def unseen_int16_plan(graph: Graph) -> QuantisationPlan:
    """As :func:`unseen_plan`, of a w8a16 file."""
    from mobilekit.convert.tflite.quantisable import operators_of
    from mobilekit.convert.tflite.view import view_of
    from mobilekit.plan.heavy_weights import lighten
    from mobilekit.plan.int16 import decide_int16
    from mobilekit.quantisation import QuantisationPlan, Scale

    view = view_of(graph)
    operators = operators_of(view)
    precisions = lighten(view, operators, decide_int16(operators))
    values = {name: Scale(scale=1.0 / 32768.0, zero_point=0) for name in view.shapes}
    return QuantisationPlan(
        graph_digest=graph.digest, values={}, operators=precisions, method="unseen", values_int16=values
    )


def _by_list(
    tier: Tier, accelerator: Accelerator, operators: Sequence[FileOperator], nodes: Mapping[str, str]
) -> Iterator[DelegateOutlook]:
    from mobilekit.convert.tflite.delegates.predict import predict
    from mobilekit.convert.tflite.delegates.published import lists_for

    for published in lists_for(accelerator):
        prediction = predict(operators, published)
        yield DelegateOutlook(
            tier=tier.name,
            precision=tier.precision,
            accelerator=accelerator,
            delegate=published.name,
            title=published.title,
            operators=prediction.operators,
            accelerated=prediction.accelerated,
            parts=prediction.parts,
            refused=tuple(
                RefusedOperator(
                    index=each.index,
                    operator=each.operator,
                    value=each.value,
                    node=origin(each.value, nodes),
                    reason=each.reason,
                )
                for each in prediction.refused
            ),
            source=published.cited,
            silent_on=published.silent_on,
            only_refusals=published.unlisted == "not published",
        )


def named_nodes(model: onnx.ModelProto) -> dict[str, str]:
    """What each value of ``model`` is computed by: the node's name, else its operator and the value."""
    return {
        output: node.name or f"{node.op_type} {output}"
        for node in model.graph.node
        for output in node.output
        if output
    }


def origin(value: str, nodes: Mapping[str, str]) -> str:
    """The node that ``value`` comes from: rewritten nodes name theirs after the output they replace."""
    while value and value not in nodes and "/" in value:
        value = value.rpartition("/")[0]
    return nodes.get(value, "")
