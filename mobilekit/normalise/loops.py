"""Loop and Scan whose number of steps is known: written out step by step.

::

    Loop(3, True, a) {a = f(a)} -> z        a₁ = f(a); a₂ = f(a₁); a₃ = f(a₂); z = Identity(a₃)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.normalise.control_flow import defined, rename
from mobilekit.normalise.node import Node

if TYPE_CHECKING:
    import onnx

    from mobilekit.normalise.editor import Editor

MOST_STEPS = 256
_STEP, _COLLECTED = "mobilekit:step", "mobilekit:collected"


def loop_nodes(editor: Editor, node: Node) -> list[Node]:
    """Replace a Loop by one step and the Loop of the rest, or by its results; returns the new nodes in order.

    Raises UnsupportedOperatorError where the trip count or the condition depends on data.
    """
    step, body = int(node.attribute(_STEP, 0)), node.attributes["body"]
    collected: tuple[tuple[str, ...], ...] = node.attribute(_COLLECTED, ())
    trips, goes_on = _constant(editor, node, 0), _constant(editor, node, 1)
    carried = node.inputs[2:]
    if goes_on is False or (trips is not None and step >= trips):
        editor.remove(node)
        return _placed(editor, node, _results(editor, node, carried, collected))
    if step >= MOST_STEPS:
        raise _too_long(node, f"more than {MOST_STEPS} steps")
    index = editor.add_constant(np.array(step, np.int64), f"{node.outputs[0]}/step")
    going = node.input(1) or editor.add_constant(np.array(True), f"{node.outputs[0]}/condition")
    editor.remove(node)
    nodes, results = _body(editor, node, body, [index, going, *carried], step)
    rest = Node(
        op="Loop",
        inputs=[node.inputs[0], *results[: 1 + len(carried)]],
        outputs=node.outputs,
        attributes={
            "body": body,
            _STEP: step + 1,
            _COLLECTED: (*collected, tuple(results[1 + len(carried) :])),
        },
    )
    return _placed(editor, node, [*nodes, rest])


def scan_nodes(editor: Editor, node: Node) -> list[Node]:
    """Replace a Scan by its steps, returned in order. Raises UnsupportedOperatorError before opset 9."""
    if editor.opset < 9:
        message = f"batches of sequences: {node.where}, opset {editor.opset}"
        raise UnsupportedOperatorError(message, hint="export with opset 9 or later")
    body, count = node.attributes["body"], int(node.attributes["num_scan_inputs"])
    states, scanned = node.inputs[: len(node.inputs) - count], node.inputs[len(node.inputs) - count :]
    axes = [
        a % editor.types[x].rank for a, x in zip(_each(node, "scan_input_axes", count), scanned, strict=True)
    ]
    backwards = _each(node, "scan_input_directions", count)
    length = editor.shape(scanned[0])[axes[0]]
    if length > MOST_STEPS:
        raise _too_long(node, f"{length} steps")
    editor.remove(node)
    nodes: list[Node] = []
    collected: list[tuple[str, ...]] = []
    for step in range(length):
        slices = []
        for value, axis, backward in zip(scanned, axes, backwards, strict=True):
            place = np.array(length - 1 - step if backward else step, np.int64)
            index = editor.add_constant(place, f"{node.outputs[0]}/step")
            slices.append(editor.unique(f"{value}/{step}"))
            nodes.append(
                Node(op="Gather", inputs=[value, index], outputs=[slices[-1]], attributes={"axis": axis})
            )
        inner, results = _body(editor, node, body, [*states, *slices], step)
        nodes += inner
        collected.append(tuple(results[len(states) :]))
        states = results[: len(states)]
    return _placed(editor, node, [*nodes, *_results(editor, node, states, tuple(collected))])


def _body(
    editor: Editor, node: Node, body: onnx.GraphProto, given: Sequence[str], step: int
) -> tuple[list[Node], list[str]]:
    """The nodes of one step, and the names of its results; ``given`` are the body's inputs."""
    import onnx

    from mobilekit.normalise.editor import from_proto

    names = {name: editor.unique(f"{node.outputs[0]}/{step}/{name}") for name in defined(body)}
    names.update(zip((value.name for value in body.input), given, strict=True))
    for tensor in body.initializer:
        editor.set_constant(names[tensor.name], onnx.numpy_helper.to_array(tensor))
    nodes = []
    for proto in body.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(proto)
        rename(copy, names)
        nodes.append(from_proto(copy))
    return nodes, [names.get(value.name, value.name) for value in body.output]


def _results(
    editor: Editor, node: Node, carried: Sequence[str], collected: tuple[tuple[str, ...], ...]
) -> list[Node]:
    """What leaves the loop: the last states, and what every step collected along a new axis."""
    nodes = [
        Node(op="Identity", inputs=[value], outputs=[name])
        for value, name in zip(carried, node.outputs, strict=False)
        if name
    ]
    names = node.outputs[len(carried) :]
    axes, backwards = (_each(node, f"scan_output_{what}", len(names)) for what in ("axes", "directions"))
    for position, name in enumerate(names):
        values = [each[position] for each in collected]
        if not name:
            continue
        if not values:
            message = f"no step at all: {node.where}"
            raise UnsupportedOperatorError(message, hint="leave the loop out")
        nodes += _stacked(editor, values[::-1] if backwards[position] else values, axes[position], name)
    return nodes


def _stacked(editor: Editor, values: Sequence[str], axis: int, name: str) -> list[Node]:
    """Values along a new axis; Unsqueeze has its axes as an input since opset 13."""
    nodes, parts = [], []
    for value in values:
        parts.append(editor.unique(f"{value}/stacked"))
        axes = {"axes": (axis,)} if editor.opset < 13 else {}
        inputs = [value] if axes else [value, editor.add_constant(np.array([axis], np.int64), f"{name}/axes")]
        nodes.append(Node(op="Unsqueeze", inputs=inputs, outputs=[parts[-1]], attributes=axes))
    return [*nodes, Node(op="Concat", inputs=parts, outputs=[name], attributes={"axis": axis})]


def _each(node: Node, attribute: str, count: int) -> Sequence[int]:
    return node.attribute(attribute) or (0,) * count


def _constant(editor: Editor, node: Node, place: int) -> int | bool | None:
    """The trip count or the condition; None where there is none."""
    name = node.input(place)
    if not name:
        return None
    array = editor.constant_of(name)
    if array is None:
        message = f"control flow that depends on data: {node.where}"
        raise UnsupportedOperatorError(message, hint="export the model for a fixed number of steps")
    return array.reshape(-1)[0].item()


def _placed(editor: Editor, node: Node, nodes: list[Node]) -> list[Node]:
    for new in nodes:
        editor.place(new, at=node)
    return nodes


def _too_long(node: Node, what: str) -> UnsupportedOperatorError:
    message = f"{what}: {node.where}"
    return UnsupportedOperatorError(message, hint=f"up to {MOST_STEPS} are written out; shorten the loop")
