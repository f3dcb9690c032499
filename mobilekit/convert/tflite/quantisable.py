"""What the TFLite 8-bit kernels can do with each operator of a graph, for the plan to decide on.

Rules are those of the TFLite 8-bit quantisation specification:

* ``weights``: constant int8 weights, symmetric per output channel, int32 bias; own output scale
* ``same-scale``: data inputs and outputs must all have one scale and zero point
* ``free``: inputs and output each have a scale of their own
* ``fixed``: the output's scale and zero point are prescribed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mobilekit.quantisation import Scale

if TYPE_CHECKING:
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.source.graph import Graph

Rule = Literal["weights", "same-scale", "free", "fixed"]

UNIT_INTERVAL = Scale(scale=1.0 / 256.0, zero_point=-128)
SYMMETRIC_UNIT = Scale(scale=1.0 / 128.0, zero_point=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator of the file to be, after fusion.

    ``name`` is the ONNX name of the node's own first output (the key in a plan); ``inputs`` are its
    runtime data inputs and ``constants`` its constant data operands, in order; ``outputs`` are the
    values that survive fusion; ``rule`` is None where there is no 8-bit kernel.
    """

    name: str
    op_type: str
    inputs: tuple[str, ...]
    constants: tuple[str, ...]
    outputs: tuple[str, ...]
    rule: Rule | None
    fixed: Scale | None = None


def operators(graph: Graph) -> tuple[Operator, ...]:
    """The operators of a legalised graph in order, with their 8-bit rules."""
    from mobilekit.convert.tflite.view import view_of

    return operators_of(view_of(graph))


def operators_of(view: GraphView) -> tuple[Operator, ...]:
    """As ``operators``, of a graph that has been read already."""
    from mobilekit.convert.tflite.fusion import fuse
    from mobilekit.convert.tflite.ops import TABLE

    result = []
    for fused in fuse(view, TABLE):
        node = fused.node
        found = TABLE.find(node.op_type, domain=node.domain, opset=view.opsets.get(node.domain, 1))
        rule = found.traits.get("int8") if found else None
        if callable(rule):
            rule = rule(view, node)
        slots = found.traits.get("data", slice(None)) if found else slice(None)
        data = [name for name in node.input[slots] if name]
        if any(view.dtypes[name].kind != "f" for name in (*data, *node.output) if name):
            rule = None
        result.append(
            Operator(
                name=node.output[0],
                op_type=node.op_type,
                inputs=tuple(n for n in data if n not in view.constants),
                constants=tuple(n for n in data if n in view.constants),
                outputs=fused.outputs,
                rule=rule,
                fixed=found.traits.get("fixed") if found else None,
            )
        )
    return tuple(result)
