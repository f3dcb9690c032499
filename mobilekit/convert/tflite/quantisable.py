"""What the TFLite integer kernels can do with each operator of a graph, for the plan to decide on.

Rules are those of the TFLite 8-bit quantisation specification:

* ``weights``: constant int8 weights, symmetric per output channel, int32 bias; own output scale
* ``same-scale``: data inputs and outputs must all have one scale and zero point
* ``free``: inputs and output each have a scale of their own
* ``fixed``: the output's scale and zero point are prescribed

The int16 kernels (the specification's 16x8) follow the same rules with zero points of 0; which
operators have one, and which only at int16, is what LiteRT 2.3.0 was seen to compute: each was run
on a small graph and compared with float.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from mobilekit.quantisation import Scale

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.optable import Lowering
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array

Rule = Literal["weights", "same-scale", "free", "fixed"]

UNIT_INTERVAL = Scale(scale=1.0 / 256.0, zero_point=-128)
SYMMETRIC_UNIT = Scale(scale=1.0 / 128.0, zero_point=0)
UNIT_INT16 = Scale(scale=1.0 / 32768.0, zero_point=0)
"""The prescribed scale of Softmax, Logistic and Tanh at int16."""

REFUSED_AT_INT16: Mapping[str, str] = MappingProxyType(
    {"AveragePool": "Qualcomm's compiler refuses average pools at int16, and takes them in float"}
)
"""Operators whose int16 kernel is LiteRT's alone, with the reason (SM8650, by ai-edge-litert 2.3.0)."""

ONLY_INT16: Mapping[str, Rule] = MappingProxyType(
    {
        "Abs": "free",
        "Div": "free",
        "Exp": "free",
        "Expand": "same-scale",
        "Gelu": "free",
        "Log": "free",
        "MatMul": "free",
        "Neg": "same-scale",
        "ReduceProd": "free",
        "ReduceSum": "free",
        "Sqrt": "free",
    }
)
"""Operators that are integer operators at int16 alone: int8 has no kernel, or steps too coarse.

MatMul is that of two computed matrices; with constant weights it has the int8 rule.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator of the file to be, after fusion.

    ``name`` is the ONNX name of the node's own first output (the key in a plan); ``inputs`` are its
    runtime data inputs and ``constants`` its constant data operands, in order; ``outputs`` are the
    values that survive fusion; ``rule`` is None where there is no 8-bit kernel, ``rule_int16`` where
    there is none for int16.
    """

    name: str
    op_type: str
    inputs: tuple[str, ...]
    constants: tuple[str, ...]
    outputs: tuple[str, ...]
    rule: Rule | None
    fixed: Scale | None = None
    rule_int16: Rule | None = None

    def at_int16(self) -> Operator:
        """The operator with the rules of int16 in place of int8's."""
        return replace(self, rule=self.rule_int16, fixed=UNIT_INT16 if self.fixed else None)


def rule_of(lowering: Lowering | None, view: GraphView, node: onnx.NodeProto) -> Rule | None:
    """The rule of a node's 8-bit kernel; None where it has none."""
    rule = lowering.traits.get("int8") if lowering else None
    found: Rule | None = rule(view, node) if callable(rule) else rule
    return found


def int16_rule_of(lowering: Lowering | None, view: GraphView, node: onnx.NodeProto) -> Rule | None:
    """The rule of a node's int16 kernel; None where it has none."""
    if lowering is None or node.domain or node.op_type in REFUSED_AT_INT16:
        return None
    if node.op_type == "PRelu":
        slopes = view.constants.get(node.input[1])
        return None if slopes is None else "same-scale" if is_small(slopes) else "free"
    return rule_of(lowering, view, node) or ONLY_INT16.get(node.op_type)


def is_small(slopes: Array) -> bool:
    """Whether a PRelu of these has no larger results than operands."""
    return bool(np.all(np.abs(slopes) <= 1.0))


def _data_operands(found: Lowering | None, node: onnx.NodeProto, *, product: bool) -> list[str]:
    """The operands that are data, not parameters: both matrices of a ``product`` without weights."""
    slots = found.traits.get("data", slice(None)) if found else slice(None)
    if node.op_type == "MatMul" and product:
        slots = slice(None)
    return [name for name in node.input[slots] if name]


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
        rule, rule_int16 = rule_of(found, view, node), int16_rule_of(found, view, node)
        data = _data_operands(found, node, product=rule is None and rule_int16 == "free")
        if any(view.dtypes[name].kind != "f" for name in (*data, *node.output) if name):
            rule = rule_int16 = None
        result.append(
            Operator(
                name=node.output[0],
                op_type=node.op_type,
                inputs=tuple(n for n in data if n not in view.constants),
                constants=tuple(n for n in data if n in view.constants),
                outputs=fused.outputs,
                rule=rule,
                fixed=found.traits.get("fixed") if found else None,
                rule_int16=rule_int16,
            )
        )
    return tuple(result)
