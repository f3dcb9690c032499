"""Factors and offsets per channel disappear in the weights of the layer before them, or after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.factors import scale_term, way_to_conv, way_to_layer
from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array


def fold_affine(editor: Editor) -> list[Recognition]:
    """::

        Conv(x, w, b) · f + o   →   Conv(x, w·f, b·f + o)        f, o constant per channel
        MatMul(x, w) · f        →   MatMul(x, w·f)
        Relu(Conv(x, w, b)) · f →   Relu(Conv(x, w·f, b·f))      f > 0
        Conv(x · f + o, w, b)   →   Conv(x, w·f, b + Σ w·o)      where the Conv does not pad; also where
                                                                 Reshapes and Transposes are between

    Requires: opset ≥ 21, types. Ensures: no Conv, ConvTranspose or Gemm with constant weights is the only
    source of a Mul, Add, Sub or Div by such a constant, nor of a positive factor behind its Relu, nor of
    a single factor behind Reshapes, Transposes and constant terms. Values read elsewhere as well stay.
    """
    ops = ("Mul", "Add", "Sub", "Div")
    found = [
        _told(node, "of the layer before")
        for node in editor.nodes
        if node.is_op(*ops) and _into_producer(editor, node)
    ]
    editor.remove_unused()
    found += [
        _told(node, "of the Conv behind")
        for node in reversed(editor.nodes)
        if node.is_op(*ops) and _into_conv_after(editor, node)
    ]
    editor.remove_unused()
    return found


def _told(node: Node, where: str) -> Recognition:
    kind = "factor into the weights" if node.op in ("Mul", "Div") else "offset into the bias"
    return Recognition(kind=kind, node=node.outputs[0], detail=where)


def affine_of(editor: Editor, node: Node) -> tuple[str, Array, Array] | None:
    """``(x, f, o)`` if the node computes x·f + o with constants (float64) that broadcast to x."""
    for index in (0, 1):
        x, constant = node.inputs[index], editor.constant_of(node.inputs[1 - index])
        if (
            constant is None
            or editor.constant_of(x) is not None
            or editor.types[x] != editor.types[node.outputs[0]]
        ):
            continue
        if constant.dtype.kind != "f":
            return None
        value = constant.astype(np.float64)
        one, zero = np.ones((), np.float64), np.zeros((), np.float64)
        if node.op == "Mul":
            return x, value, zero
        if node.op == "Add":
            return x, one, value
        if node.op == "Sub":
            return (x, one, -value) if index == 0 else (x, -one, value)
        if node.op == "Div" and index == 0 and (value != 0).all():
            return x, 1 / value, zero
    return None


def per_axis(value: Array, shape: tuple[int, ...], axis: int) -> Array | None:
    """A constant that broadcasts to ``shape`` as a vector along ``axis``; None if it varies elsewhere."""
    padded = value.reshape((1,) * (len(shape) - value.ndim) + value.shape)
    if any(d != 1 for i, d in enumerate(padded.shape) if i != axis):
        return None
    return np.broadcast_to(padded.reshape(-1), (shape[axis],))


def _into_producer(editor: Editor, node: Node) -> bool:
    found = affine_of(editor, node)
    if found is None:
        return False
    x, factor, offset = found
    way = way_to_layer(editor, node, x, factor)
    if not way or (len(way) > 1 and offset.any()):
        return False
    layer, between = way[-1], way[:-1]
    shape = editor.shape(layer.outputs[0])
    axis = len(shape) - 1 if layer.op in ("MatMul", "Gemm") else 1
    if between and factor.size == 1:
        factor = factor.reshape(())
    scale, shift = per_axis(factor, shape, axis), per_axis(offset, shape, axis) if not between else offset
    if scale is None or shift is None or not np.isfinite(scale).all():
        return False
    if layer.op == "MatMul":
        done = not shift.any() and _scale_matmul(editor, layer, scale)
    elif layer.op == "Gemm":
        done = _scale_gemm(editor, layer, scale, shift)
    else:
        done = _scale_conv(editor, layer, scale, shift)
    if done:
        for each in between:
            scale_term(editor, each, factor)
        for each in way:
            editor.note_changed(each.outputs[0])
        editor.replace(node.outputs[0], x)
        # At once, so that the layer is seen to have a single reader again.
        editor.remove(node)
    return bool(done)


def _constant_like(editor: Editor, value: Array, like: str) -> str:
    return editor.add_constant(value.astype(editor.types[like].dtype), f"{like}/folded")


def _scale_matmul(editor: Editor, layer: Node, scale: Array) -> bool:
    weight = editor.constant_of(layer.inputs[1])
    if weight is None or weight.ndim < 2:
        return False
    editor.set_inputs(layer, [layer.inputs[0], _constant_like(editor, weight * scale, layer.inputs[1])])
    return True


def _scale_gemm(editor: Editor, layer: Node, scale: Array, shift: Array) -> bool:
    weight, bias = editor.constant_of(layer.inputs[1]), editor.constant_of(layer.input(2))
    if weight is None or (layer.input(2) and bias is None):
        return False
    wide = scale[:, None] if layer.attribute("transB", 0) else scale
    old = np.zeros(()) if bias is None else bias * float(layer.attribute("beta", 1.0))
    layer.attributes["beta"] = 1.0
    weight_name = _constant_like(editor, weight * wide, layer.inputs[1])
    bias_name = editor.add_constant((old * scale + shift).astype(weight.dtype), f"{layer.outputs[0]}/bias")
    editor.set_inputs(layer, [layer.inputs[0], weight_name, bias_name])
    return True


def _scale_conv(editor: Editor, layer: Node, scale: Array, shift: Array) -> bool:
    weight, bias = editor.constant_of(layer.inputs[1]), editor.constant_of(layer.input(2))
    if weight is None or (layer.input(2) and bias is None):
        return False
    ones = (1,) * (weight.ndim - 2)
    if layer.op == "Conv":
        scaled = weight * scale.reshape(-1, 1, *ones)
    else:  # [C_in, C_out / groups, …], the outputs of group g for the inputs of group g
        groups = layer.attribute("group", 1)
        per_input = np.repeat(scale.reshape(groups, -1), weight.shape[0] // groups, axis=0)
        scaled = weight * per_input.reshape(*per_input.shape, *ones)
    old = np.zeros(()) if bias is None else bias.astype(np.float64)
    names = [layer.inputs[0], _constant_like(editor, scaled, layer.inputs[1])]
    new = old * scale + shift
    if bias is not None or new.any():
        names.append(editor.add_constant(new.astype(weight.dtype), f"{layer.outputs[0]}/bias"))
    editor.set_inputs(layer, names)
    return True


def _into_conv_after(editor: Editor, node: Node) -> bool:
    found = affine_of(editor, node)
    way = way_to_conv(editor, node)
    if found is None or way is None:
        return False
    x, factor, offset = found
    between, conv, axis = way
    shape = editor.shape(x)
    scale, shift = per_axis(factor, shape, axis), per_axis(offset, shape, axis)
    weight, bias = editor.constant_of(conv.inputs[1]), editor.constant_of(conv.input(2))
    if scale is None or shift is None or weight is None or (conv.input(2) and bias is None):
        return False
    # What a Conv pads with is zero after the offset, which no offset of ours can say.
    if shift.any() and (
        any(conv.attribute("pads", ())) or conv.attribute("auto_pad", "NOTSET") not in ("NOTSET", "VALID")
    ):
        return False
    wide = weight.astype(np.float64)
    added = (wide.sum(axis=tuple(range(2, weight.ndim))) * _along_inputs(conv, weight, shift)).sum(axis=1)
    scale_inputs(editor, conv, scale)
    names = [conv.inputs[0], conv.inputs[1]]
    if bias is not None or added.any():
        old = np.zeros(()) if bias is None else bias.astype(np.float64)
        names.append(editor.add_constant((old + added).astype(weight.dtype), f"{conv.outputs[0]}/bias"))
    editor.set_inputs(conv, names)
    for each in between:
        editor.note_changed(each.outputs[0])
    first = [*between, conv][0]
    editor.set_inputs(first, [x, *first.inputs[1:]])
    editor.remove(node)
    return True


def _along_inputs(conv: Node, weight: Array, per_channel: Array) -> Array:
    """A vector over the input channels as [M, C / groups], like the weights' first two axes."""
    groups = conv.attribute("group", 1)
    return np.repeat(per_channel.reshape(groups, -1), weight.shape[0] // groups, axis=0)


def scale_inputs(editor: Editor, conv: Node, scale: Array) -> None:
    """Multiply the weights of a Conv by a factor per input channel."""
    weight = editor.constants[conv.inputs[1]]
    ones = (1,) * (weight.ndim - 2)
    wide = weight.astype(np.float64) * _along_inputs(conv, weight, scale).reshape(*weight.shape[:2], *ones)
    editor.set_inputs(conv, [conv.inputs[0], _constant_like(editor, wide, conv.inputs[1]), *conv.inputs[2:]])
