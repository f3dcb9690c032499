"""Which nodes become one TFLite operator: an activation fused into what feeds it.

``Conv -> Relu`` is one CONV_2D; the convolution's own output then exists nowhere in the file::

    x ─ Conv ─ c ─ Relu ─ r        becomes        x ─ CONV_2D(RELU) ─ r
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.optable import OpTable
    from mobilekit.convert.tflite.view import GraphView

Activation = Literal["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]

_CLIPS: dict[tuple[float, float], Activation] = {
    (0.0, float("inf")): "RELU",
    (0.0, 6.0): "RELU6",
    (-1.0, 1.0): "RELU_N1_TO_1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """One node to emit: its ``outputs`` as they survive, and the activation that is part of it."""

    node: onnx.NodeProto
    outputs: tuple[str, ...]
    activation: Activation


def fuse(view: GraphView, table: OpTable) -> tuple[Fused, ...]:
    """The nodes to emit, in order, with activations folded into operators that take one."""
    absorbed: set[int] = set()
    result = []
    for index, node in enumerate(view.nodes):
        if index in absorbed:
            continue
        follower = _fusable_follower(view, table, node)
        outputs, activation = tuple(node.output), "NONE"
        if follower is not None:
            absorbed.add(follower)
            outputs = (view.nodes[follower].output[0],)
            activation = activation_of(view, view.nodes[follower]) or "NONE"
        result.append(Fused(node=node, outputs=outputs, activation=activation))  # type: ignore[arg-type]
    return tuple(result)


def activation_of(view: GraphView, node: onnx.NodeProto) -> Activation | None:
    """The fused activation that computes ``node`` exactly, if there is one."""
    if node.op_type == "Relu":
        return "RELU"
    if node.op_type != "Clip" or node.domain:
        return None
    return _CLIPS.get(clip_bounds(view, node))


def clip_bounds(view: GraphView, node: onnx.NodeProto) -> tuple[float, float]:
    """``(min, max)`` of a Clip with constant bounds; infinities where absent, NaN if not constant."""
    bounds = [float("-inf"), float("inf")]
    for slot in (1, 2):
        name = node.input[slot] if len(node.input) > slot else ""
        if name:
            constant = view.constants.get(name)
            bounds[slot - 1] = float("nan") if constant is None else float(constant.reshape(()))
    return bounds[0], bounds[1]


def _fusable_follower(view: GraphView, table: OpTable, node: onnx.NodeProto) -> int | None:
    found = table.find(node.op_type, domain=node.domain, opset=view.opsets.get(node.domain, 1))
    if found is None or not found.traits.get("fuses") or len(node.output) != 1:
        return None
    output = node.output[0]
    readers = view.consumers.get(output, [])
    if len(readers) != 1 or output in view.outputs or view.dtypes[output].kind != "f":
        return None
    follower = view.nodes[readers[0]]
    return readers[0] if activation_of(view, follower) and follower.input[0] == output else None
