"""Pads back into the convolutions and pools that they were taken out of for TFLite.

::

    x ─ Pad(0) ─ Conv(pads 0)         becomes        x ─ Conv(pads)
    x ─ Pad(lowest) ─ MaxPool(pads 0)     becomes        x ─ MaxPool(pads)

TFLite has no pads of its own but SAME; ONNX and NPUs have. In integers both are the same: a Pad's two sides
have one scale, and zero is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView
    from mobilekit.quantisation import QuantisationPlan

_LOWEST = -1e30
"""Pads below are those of a maximum, which never wins."""


def reunited(view: GraphView, plan: QuantisationPlan | None) -> GraphView:
    """``view`` with such pads taken in, where the plan has both operators in the same integers or in none."""
    makers = {name: node for node in view.nodes for name in node.output}
    taken: set[str] = set()
    nodes = []
    for node in view.nodes:
        pad = makers.get(node.input[0]) if node.input else None
        sides = _sides(view, plan, pad, node) if pad is not None else None
        if pad is None or sides is None:
            nodes.append(node)
            continue
        taken.add(pad.output[0])
        nodes.append(_with_pads(node, pad.input[0], sides))
    left = tuple(node for node in nodes if not taken.intersection(node.output))
    return replace(view, nodes=left, consumers=consumers_of(left)) if taken else view


def _sides(
    view: GraphView, plan: QuantisationPlan | None, pad: onnx.NodeProto, node: onnx.NodeProto
) -> list[int] | None:
    """The pads that ``node`` gets: first all at the starts, then all at the ends; None where it gets none."""
    if pad.op_type != "Pad" or pad.domain or node.domain or node.op_type not in ("Conv", "MaxPool"):
        return None
    value = pad.output[0]
    alone = view.consumers.get(value) is not None and len(view.consumers[value]) == 1
    if not alone or value in view.outputs or list(node.input).count(value) != 1:
        return None
    amounts = view.constants[pad.input[1]].reshape(2, -1)
    fits = len(pad.input) < 4 and not amounts[:, :2].any() and (amounts >= 0).all()
    if not fits or not _fills(view, pad, node.op_type) or not _is_alike(plan, pad, node):
        return None
    return [int(amount) for amount in amounts[:, 2:].reshape(-1)]


def _fills(view: GraphView, pad: onnx.NodeProto, reader: str) -> bool:
    """Whether a pad fills in what the reader would itself: zeros, or what loses every maximum."""
    given = pad.input[2] if len(pad.input) > 2 else ""
    value = float(view.constants[given].reshape(())) if given else 0.0
    return value == 0.0 if reader == "Conv" else value < _LOWEST


def _is_alike(plan: QuantisationPlan | None, pad: onnx.NodeProto, node: onnx.NodeProto) -> bool:
    if plan is None:
        return True
    precisions = {plan.precision_of(each.output[0]) for each in (pad, node)}
    if precisions <= {"float", "fp16-weights", "int8-weights"}:
        return True
    scales = plan.values_int16 if precisions == {"int16"} else plan.values
    before, after = (scales.get(name) for name in (pad.input[0], pad.output[0]))
    return len(precisions) == 1 and before is not None and before == after


def _with_pads(node: onnx.NodeProto, source: str, sides: Sequence[int]) -> onnx.NodeProto:
    """A copy of ``node`` that reads ``source`` and pads it itself, beside what it has padded already."""
    import onnx

    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.input[0] = source
    before = next((list(a.ints) for a in node.attribute if a.name == "pads"), [0] * len(sides))
    kept = [a for a in node.attribute if a.name not in ("pads", "auto_pad")]
    del copy.attribute[:]
    copy.attribute.extend(kept)
    pads = [int(p) for p in np.add(before, sides)]
    copy.attribute.append(onnx.helper.make_attribute("pads", pads))
    return copy


def consumers_of(nodes: Sequence[onnx.NodeProto]) -> dict[str, list[int]]:
    """The places of the nodes that read each value, as a view has them."""
    found: dict[str, list[int]] = {}
    for index, node in enumerate(nodes):
        for name in sorted({*node.input} - {""}):
            found.setdefault(name, []).append(index)
    return found
