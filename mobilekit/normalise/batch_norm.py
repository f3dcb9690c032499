"""BatchNormalization as what it is when a model is run: a factor and an offset per channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.normalise.normalisation import emit_normalize
from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_EPSILON = 1e-5


def split_batch_norms(editor: Editor) -> list[Recognition]:
    """::

        BatchNormalization(x, γ, β, μ, σ²) → x · γ/√(σ²+ε) + (β − μ·γ/√(σ²+ε))

    Requires: opset ≥ 21, types. Ensures: no BatchNormalization; the factor and the offset are constants
    of shape [C, 1, …] where the parameters are constants. In training mode it normalises over its own
    input (exporters write InstanceNormalization so): then it becomes ``mobilekit::Normalize``.
    Raises UnsupportedOperatorError where the running statistics of training are outputs.
    """
    found = []
    for node in editor.nodes:
        if not node.is_op("BatchNormalization"):
            continue
        if node.attribute("training_mode", 0):
            found.append(_training(editor, node))
        else:
            _split(editor, node)
            detail = "a factor and an offset per channel"
            found.append(Recognition(kind="BatchNormalization", node=node.outputs[0], detail=detail))
    editor.remove_unused()
    return found


def _split(editor: Editor, node: Node) -> None:
    x, *names = node.inputs
    dtype = editor.types[x].dtype
    parameters = [editor.constant_of(n) for n in names]
    tail = (1,) * (editor.types[x].rank - 2)
    epsilon = node.attribute("epsilon", _EPSILON)
    if any(p is None for p in parameters):
        factor, offset = _runtime(editor, node, names, epsilon, tail)
    else:
        gamma, beta, mean, variance = (np.asarray(p, np.float64) for p in parameters)
        scale = gamma / np.sqrt(variance + epsilon)
        shape = (-1, *tail)
        factor = editor.add_constant(scale.astype(dtype).reshape(shape), f"{node.outputs[0]}/factor")
        shift = (beta - mean * scale).astype(dtype).reshape(shape)
        offset = editor.add_constant(shift, f"{node.outputs[0]}/offset")
    product = editor.add("Mul", [x, factor], at=node)
    editor.replace(node.outputs[0], editor.add("Add", [product, offset], at=node))


def _runtime(
    editor: Editor, node: Node, names: list[str], epsilon: float, tail: tuple[int, ...]
) -> tuple[str, str]:
    """The same arithmetic on values that are not constants, on C elements."""
    gamma, beta, mean, variance = names
    dtype = editor.types[gamma].dtype
    constant = editor.add_constant(np.array(epsilon, dtype), f"{node.outputs[0]}/epsilon")
    deviation = editor.add("Sqrt", [editor.add("Add", [variance, constant], at=node)], at=node)
    scale = editor.add("Div", [gamma, deviation], at=node)
    shift = editor.add("Sub", [beta, editor.add("Mul", [mean, scale], at=node)], at=node)
    shape = editor.add_constant(np.array([*editor.shape(gamma), *tail], np.int64), f"{node.outputs[0]}/shape")
    factor, offset = (editor.add("Reshape", [v, shape], at=node) for v in (scale, shift))
    return factor, offset


def _training(editor: Editor, node: Node) -> Recognition:
    if any(editor.users(n) or editor.is_kept(n) for n in node.outputs[1:] if n):
        message = f"BatchNormalization in training mode, {node.where}"
        raise UnsupportedOperatorError(message, hint="call model.eval() before exporting")
    x = node.inputs[0]
    rank = editor.types[x].rank
    shape = editor.add_constant(np.array([1, -1, *(1,) * (rank - 2)], np.int64), f"{node.outputs[0]}/shape")
    scale, bias = (editor.add("Reshape", [n, shape], at=node) for n in node.inputs[1:3])
    axes = (0, *range(2, rank))
    epsilon = node.attribute("epsilon", _EPSILON)
    output = emit_normalize(editor, node, x, axes=axes, epsilon=epsilon, scale=scale, bias=bias)
    name = node.outputs[0]
    editor.replace(name, output)
    return Recognition(
        kind="Normalization from BatchNormalization in training mode", node=name, detail=f"over axes {axes}"
    )
