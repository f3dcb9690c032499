"""Nodes moved into model-local functions, their attributes given by the call or left to a default."""

from __future__ import annotations

import onnx
from onnx import AttributeProto, helper

from tests.fuzz.choice import Choice

DOMAIN = "fuzz"


def wrap_some(choose: Choice, model: onnx.ModelProto, opset: int) -> None:
    """Let a few nodes of ``model`` call a function that says the same."""
    wrapped = [
        n
        for n in model.graph.node
        if n.op_type not in ("Constant", "If", "Loop", "Scan") and choose.chance(8)
    ]
    for number, node in enumerate(wrapped):
        _wrap(choose, model, node, opset, f"f{number}")
    if wrapped:
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))


def _wrap(choose: Choice, model: onnx.ModelProto, node: onnx.NodeProto, opset: int, name: str) -> None:
    body = onnx.NodeProto()
    body.CopyFrom(node)
    reads = {n: f"a{place}" for place, n in enumerate(dict.fromkeys(n for n in node.input if n))}
    writes = {n: f"b{place}" for place, n in enumerate(n for n in node.output if n)}
    body.input[:] = [reads.get(n, "") for n in node.input]
    body.output[:] = [writes.get(n, "") for n in node.output]
    given, defaults = [], []
    for attribute in body.attribute:
        if attribute.type not in (AttributeProto.FLOAT, AttributeProto.INT, AttributeProto.INTS):
            continue
        if not choose.chance(70):
            continue
        kept = onnx.AttributeProto()
        kept.CopyFrom(attribute)
        (defaults if choose.chance(50) else given).append(kept)
        reference = onnx.AttributeProto(
            name=attribute.name, type=attribute.type, ref_attr_name=attribute.name
        )
        attribute.CopyFrom(reference)
    function = helper.make_function(
        DOMAIN, name, list(reads.values()), list(writes.values()), [body], [helper.make_opsetid("", opset)],
        attributes=[a.name for a in given], attribute_protos=defaults,
    )  # fmt: skip
    model.functions.append(function)
    call = helper.make_node(name, list(reads), list(writes), name=node.name, domain=DOMAIN)
    call.attribute.extend(given)
    node.CopyFrom(call)
