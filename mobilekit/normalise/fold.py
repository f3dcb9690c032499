"""Shape arithmetic and constant folding, in one sweep over the graph."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import ShapeError, UnsupportedOperatorError
from mobilekit.normalise.control_flow import branch_nodes
from mobilekit.normalise.disputed import check_undisputed, check_undisputed_before
from mobilekit.normalise.evaluate import evaluate, infer
from mobilekit.normalise.function_bodies import WRITTEN_OUT, definition_nodes
from mobilekit.normalise.loops import loop_nodes, scan_nodes
from mobilekit.normalise.node import Node, ValueType, subgraphs
from mobilekit.normalise.selection import is_fixed_selection, name_selected, take_scalars

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.tensors import Array

MAXIMUM_GROWTH = 1 << 20
"""A constant of more elements than this is made only where it is no larger than what it is made from."""
RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
)

# The size of what these make depends on the values of their inputs.
_SIZED_BY_VALUES = frozenset(
    {
        "ConstantOfShape",
        "Expand",
        "Tile",
        "Range",
        "OneHot",
        "Pad",
        "Resize",
        "Upsample",
        "EyeLike",
        "CenterCropPad",
    }
)


def fold(editor: Editor) -> None:
    """Evaluate all that depends on constants and shapes only, and find the type of every value.

    Requires: fixed input shapes. Ensures: no Constant nodes, no control flow, no operator that is written
    out, no node whose inputs are all constants (large broadcasts excepted) or whose outputs are all empty,
    and a fixed type for every value.
    Raises ShapeError naming the first value whose shape depends on data, UnsupportedOperatorError for
    control flow that does.
    """
    pending = list(reversed(editor.nodes))
    while pending:
        node = pending.pop()
        if node.is_op("If") and node.inputs[0] in editor.constants:
            pending.extend(reversed(branch_nodes(editor, node)))
            continue
        if node.is_op("Loop", "Scan"):
            steps = loop_nodes(editor, node) if node.op == "Loop" else scan_nodes(editor, node)
            pending.extend(reversed(steps))
            continue
        if node.is_op(*WRITTEN_OUT):
            pending.extend(reversed(definition_nodes(editor, node)))
            continue
        if subgraphs(node):
            message = f"control flow that depends on data: {node.where}"
            raise UnsupportedOperatorError(message, hint="export the model for one fixed path, by tracing")
        if is_fixed_selection(editor, node):
            name_selected(editor, node)
        take_scalars(editor, node)
        values = _values(editor, node)
        if values is None:
            _set_types(editor, node)
            values = _nothing(editor, node)
            if not values:
                continue
        for name, array in values.items():
            editor.set_constant(name, array)
        _keep_outputs(editor, node)
    editor.remove_unused()


def _keep_outputs(editor: Editor, node: Node) -> None:
    """Remove a node whose outputs are constants now; an output of the graph still needs a node.

    What branches read stays a constant under its name, so that they are folded in turn.
    """
    kept = [name for name in node.outputs if name in editor.outputs]
    copies = []
    for name in kept:
        array = editor.constants[name]
        del editor.constants[name]
        copies.append(
            Node(op="Identity", inputs=[editor.add_constant(array, f"{name}/value")], outputs=[name])
        )
        for user in editor.users(name):
            editor.set_inputs(user, [copies[-1].inputs[0] if n == name else n for n in user.inputs])
    editor.remove(node)
    for copy in copies:
        editor.insert(copy, at=node)


def _values(editor: Editor, node: Node) -> dict[str, Array] | None:
    """The constants that a node computes, or None."""
    if node.domain:
        return None
    if node.op == "Constant":
        return {node.outputs[0]: constant_value(node)}
    if node.op in ("Shape", "Size"):
        return {node.outputs[0]: _shape_value(editor, node)}
    if node.op in RANDOM or not all(name in editor.constants for name in node.inputs if name):
        return None
    if _is_too_large(editor, node):
        return None
    values = evaluate(node, editor.constants, editor.opset)
    # A sequence of tensors is a list: nothing that passes can hold.
    return None if values is None or any(isinstance(v, list) for v in values.values()) else values


def _nothing(editor: Editor, node: Node) -> dict[str, Array]:
    """The outputs of a node that computes nothing but empty tensors: those are known. Else no outputs."""
    kinds = {name: editor.types[name] for name in node.outputs if name in editor.types}
    if any(kind.size for kind in kinds.values()):
        return {}
    return {name: np.zeros(kind.shape, kind.dtype) for name, kind in kinds.items()}


def _is_too_large(editor: Editor, node: Node) -> bool:
    sizes = [editor.types[name].size for name in node.inputs if name]
    if node.op not in _SIZED_BY_VALUES and prod(sizes) <= MAXIMUM_GROWTH:
        return False
    made_from = sum(sizes)
    try:
        found = infer(node, editor.types, editor.constants, editor.opset)
    except ValueError as error:
        raise _misfit(editor, node, error) from error
    made = sum(value.size for value in found.values())
    return made > max(MAXIMUM_GROWTH, made_from)


def _set_types(editor: Editor, node: Node) -> None:
    try:
        found = infer(node, editor.types, editor.constants, editor.opset)
    except ValueError as error:
        raise _misfit(editor, node, error) from error
    for name in node.outputs:
        if not name:
            continue
        if name not in found:
            if _is_unused(editor, name):
                continue
            message = f"the shape of value {name!r} depends on data: {node.where}"
            raise ShapeError(message, hint="cut the model before it, or export that part with fixed sizes")
        editor.types[name] = found[name]
    check_undisputed(editor, node)


def _is_unused(editor: Editor, name: str) -> bool:
    return not editor.users(name) and not editor.is_kept(name)


def _misfit(editor: Editor, node: Node, error: ValueError) -> ShapeError:
    """Raises UnsupportedOperatorError instead where it is the shape of something before that is disputed."""
    check_undisputed_before(editor, node)
    shapes = ", ".join(f"{n}: {list(editor.shape(n))}" for n in node.inputs if n)
    message = f"shapes do not fit: {node.where} on {shapes}: {error}"
    return ShapeError(message, hint="does the model work for these input shapes?")


def _shape_value(editor: Editor, node: Node) -> Array:
    found: ValueType = editor.types[node.inputs[0]]
    if node.op == "Size":
        return np.array(found.size, np.int64)
    return np.array(found.shape[node.attribute("start", 0) : node.attribute("end")], np.int64)


def constant_value(node: Node) -> Array:
    """The value of a Constant node, in whichever attribute it is."""
    import onnx

    name, value = next(iter(node.attributes.items()))
    kinds: dict[str, Any] = {
        "value_float": np.float32,
        "value_floats": np.float32,
        "value_int": np.int64,
        "value_ints": np.int64,
    }
    if name == "value":
        return onnx.numpy_helper.to_array(value)
    if name in kinds:
        return np.array(value, kinds[name])
    if name == "sparse_value":
        return _dense(value)
    message = f"a constant of strings: {node.where}"
    raise UnsupportedOperatorError(message, hint="mobilekit converts tensors of numbers and booleans")


def _dense(sparse: Any) -> Array:
    import onnx

    values, indices = onnx.numpy_helper.to_array(sparse.values), onnx.numpy_helper.to_array(sparse.indices)
    dense = np.zeros(tuple(sparse.dims), values.dtype)
    where = (indices,) if indices.ndim == 1 else tuple(indices.T)
    (dense.reshape(-1) if indices.ndim == 1 else dense)[where] = values
    return dense
