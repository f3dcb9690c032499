"""The normalisation operators of ONNX (and two of ONNX Runtime) as those of domain ``mobilekit``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.normalise.normalisation import emit_group_normalize, emit_normalize, emit_rms_normalize
from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_EPSILON = 1e-5
# MeanVarianceNormalization adds 1e-9 to the deviation. Inside the root that is its square: the same for
# constant maps, and for others closer than float32 can tell.
_MVN_EPSILON = 1e-18
# LpNormalization gives 0 for zeros: the least number that float32 holds in full.
_LP_EPSILON = 1.2e-38


def unify_norms(editor: Editor) -> list[Recognition]:
    """InstanceNormalization, LayerNormalization, GroupNormalization, RMSNormalization, … → ``mobilekit::…``.

    Requires: opset ≥ 21, types. Ensures: none of the operators in the table is left, but for
    LpNormalization with p = 1. Raises UnsupportedOperatorError where their statistics are outputs.
    """
    found = []
    for node in editor.nodes:
        rule = _RULES.get(node.op) if node.domain in ("", "com.microsoft") else None
        output = rule(editor, node) if rule else None
        if output is not None:
            name = node.outputs[0]
            editor.replace(name, output)
            found.append(Recognition(kind=node.op, node=name, detail="an operator of its own in the model"))
    editor.remove_unused()
    return found


def _refuse_statistics(editor: Editor, node: Node, names: list[str]) -> None:
    if any(name and (editor.users(name) or editor.is_kept(name)) for name in names):
        message = f"statistics of a normalisation as outputs: {node.where}"
        raise UnsupportedOperatorError(message, hint="compute them with ReduceMean")


def _channels(editor: Editor, node: Node, name: str) -> str:
    """[C] → [1, C, 1, …]."""
    value = editor.constant_of(name)
    shape = (1, editor.types[name].size, *(1,) * (editor.types[node.inputs[0]].rank - 2))
    return (
        _reshaped(editor, node, name, shape)
        if value is None
        else editor.add_constant(value.reshape(shape), name)
    )


def _same_rank(editor: Editor, node: Node, name: str) -> str:
    """Leading ones up to the rank of X."""
    found = editor.types[name]
    shape = (1,) * (editor.types[node.inputs[0]].rank - found.rank) + found.shape
    value = editor.constant_of(name)
    if found.shape == shape:
        return name
    return (
        _reshaped(editor, node, name, shape)
        if value is None
        else editor.add_constant(value.reshape(shape), name)
    )


def _reshaped(editor: Editor, node: Node, name: str, shape: tuple[int, ...]) -> str:
    return editor.add(
        "Reshape", [name, editor.add_constant(np.array(shape, np.int64), f"{name}/shape")], at=node
    )


def _instance(editor: Editor, node: Node) -> str:
    x, scale, bias = node.inputs
    return emit_normalize(
        editor, node, x, axes=range(2, editor.types[x].rank), epsilon=node.attribute("epsilon", _EPSILON),
        scale=_channels(editor, node, scale), bias=_channels(editor, node, bias),
    )  # fmt: skip


def _layer(editor: Editor, node: Node) -> str:
    x, rank = node.inputs[0], editor.types[node.inputs[0]].rank
    if any(editor.users(n) or editor.is_kept(n) for n in node.outputs[1:] if n):
        _write_statistics(editor, node)
    return emit_normalize(
        editor, node, x, axes=range(node.attribute("axis", -1) % rank, rank),
        epsilon=node.attribute("epsilon", _EPSILON), scale=_same_rank(editor, node, node.inputs[1]),
        bias=_same_rank(editor, node, node.inputs[2]) if node.input(2) else 0.0,
    )  # fmt: skip


def _write_statistics(editor: Editor, node: Node) -> None:
    """The outputs Mean and InvStdDev of a LayerNormalization in means and roots."""
    x, rank = node.inputs[0], editor.types[node.inputs[0]].rank
    name = node.outputs[0]
    over = np.arange(node.attribute("axis", -1) % rank, rank, dtype=np.int64)
    axes = editor.add_constant(over, f"{name}/axes")
    epsilon = np.array(node.attribute("epsilon", _EPSILON), editor.types[x].dtype)
    mean = editor.add("ReduceMean", [x, axes], at=node, keepdims=1)
    centred = editor.add("Sub", [x, mean], at=node)
    squared = editor.add("Mul", [centred, centred], at=node)
    variance = editor.add("ReduceMean", [squared, axes], at=node, keepdims=1)
    shifted = editor.add("Add", [variance, editor.add_constant(epsilon, f"{name}/epsilon")], at=node)
    inverse = editor.add("Reciprocal", [editor.add("Sqrt", [shifted], at=node)], at=node)
    for old, new in zip(node.outputs[1:], (mean, inverse), strict=False):
        if old:
            editor.replace(old, new)


def _rms(editor: Editor, node: Node) -> str:
    _refuse_statistics(editor, node, node.outputs[1:])
    x, rank = node.inputs[0], editor.types[node.inputs[0]].rank
    scale = _same_rank(editor, node, node.inputs[1])
    axes = range(node.attribute("axis", -1) % rank, rank)
    return emit_rms_normalize(
        editor, node, x, axes=axes, epsilon=node.attribute("epsilon", _EPSILON), scale=scale
    )


def _group(editor: Editor, node: Node) -> str:
    x, scale, bias = node.inputs
    groups, shape = node.attributes["num_groups"], editor.shape(x)
    epsilon = node.attribute("epsilon", _EPSILON)
    factor, offset = _channels(editor, node, scale), _channels(editor, node, bias)
    if groups == shape[1] or groups == 1:
        axes = range(2 if groups == shape[1] else 1, len(shape))
        return emit_normalize(editor, node, x, axes=axes, epsilon=epsilon, scale=factor, bias=offset)
    return emit_group_normalize(editor, node, x, groups=groups, epsilon=epsilon, scale=factor, bias=offset)


def _mean_variance(editor: Editor, node: Node) -> str:
    x = node.inputs[0]
    rank = editor.types[x].rank
    axes = sorted(a % rank for a in node.attribute("axes", (0, 2, 3)))
    return emit_normalize(editor, node, x, axes=axes, epsilon=_MVN_EPSILON)


def _lp(editor: Editor, node: Node) -> str | None:
    """X / √Σx² = x / √(mean x²) · 1/√n."""
    x, shape = node.inputs[0], editor.shape(node.inputs[0])
    axis = node.attribute("axis", -1) % len(shape)
    if node.attribute("p", 2) != 2:
        return None
    return emit_rms_normalize(editor, node, x, axes=[axis], epsilon=_LP_EPSILON, scale=1 / sqrt(shape[axis]))


def _skip_layer(editor: Editor, node: Node) -> str:
    """ONNX Runtime's LayerNormalization of input + skip + bias; the sum may be an output."""
    _refuse_statistics(editor, node, node.outputs[1:3])
    x, skip, gamma = node.inputs[:3]
    total = editor.add("Add", [x, skip], at=node)
    if node.input(4):
        total = editor.add("Add", [total, node.inputs[4]], at=node)
    if len(node.outputs) > 3 and node.outputs[3]:
        editor.replace(node.outputs[3], total)
        total = node.outputs[3] if editor.is_kept(node.outputs[3]) else total
    axis = editor.types[x].rank - 1
    return emit_normalize(
        editor, node, total, axes=[axis], epsilon=node.attribute("epsilon", 1e-12),
        scale=_same_rank(editor, node, gamma),
        bias=_same_rank(editor, node, node.inputs[3]) if node.input(3) else 0.0,
    )  # fmt: skip


_RULES: Mapping[str, Callable[[Editor, Node], str | None]] = MappingProxyType(
    {
        "InstanceNormalization": _instance,
        "LayerNormalization": _layer,
        "GroupNormalization": _group,
        "RMSNormalization": _rms,
        "SimplifiedLayerNormalization": _rms,
        "MeanVarianceNormalization": _mean_variance,
        "LpNormalization": _lp,
        "SkipLayerNormalization": _skip_layer,
    }
)
UNIFIED = frozenset(_RULES)
"""The operators that this pass replaces, whatever their attributes."""
