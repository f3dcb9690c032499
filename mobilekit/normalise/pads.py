"""Pads in a row become one, and pads of zeros become those of the convolution or pool behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array


def fold_pads(editor: Editor) -> list[Recognition]:
    """::

        Pad(Pad(x, rows), columns)           →   Pad(x, rows and columns)
        Conv(Pad(x, zeros), pads)            →   Conv(x, pads + zeros)

    Requires: opset ≥ 21, types. Ensures: no Pad with constant pads reads a Pad of the same mode that
    only it reads and that pads other axes; no Conv, and no AveragePool that counts its padding, reads
    a Pad with zeros along spatial axes.
    """
    found = []
    for node in editor.nodes:
        if node.is_op("Pad"):
            _merge(editor, node)
    for node in editor.nodes:
        pad = editor.producer(node.inputs[0]) if node.is_op("Conv", "AveragePool") else None
        if pad is not None and pad.is_op("Pad") and _into_window(editor, pad, node):
            detail = f"into {node.op} {node.outputs[0]}"
            found.append(Recognition(kind="zero padding", node=node.outputs[0], detail=detail))
    editor.remove_unused()
    return found


def _pads(editor: Editor, node: Node) -> Array | None:
    """All pads as [2, rank]; None where they are not constant."""
    rank = len(editor.shape(node.inputs[0]))
    pads = editor.constant_of(node.inputs[1])
    if pads is None:
        return None
    axes = editor.constant_of(node.input(3)) if node.input(3) else np.arange(rank)
    if axes is None:
        return None
    full = np.zeros((2, rank), np.int64)
    full[:, [int(a) % rank for a in axes]] = pads.reshape(2, -1)
    return full


def _value(editor: Editor, node: Node) -> float | None:
    """What a constant padding pads with; what float32 kernels flush to zero is zero (Paddle writes such)."""
    if not node.input(2):
        return 0.0
    value = editor.constant_of(node.inputs[2])
    if value is None or value.size != 1:
        return None
    number = float(value.reshape(-1)[0])
    return 0.0 if value.dtype == np.float32 and abs(number) < np.finfo(np.float32).tiny else number


def _merge(editor: Editor, node: Node) -> None:
    inner = editor.producer(node.inputs[0])
    if inner is None or not inner.is_op("Pad") or editor.only_user(node.inputs[0]) is not node:
        return
    one, other, mode = _pads(editor, inner), _pads(editor, node), node.attribute("mode", "constant")
    if one is None or other is None or inner.attribute("mode", "constant") != mode:
        return
    if min(one.min(), other.min()) < 0 or (one.any(axis=0) & other.any(axis=0)).any():
        return
    if mode == "constant" and (
        _value(editor, inner) is None or _value(editor, inner) != _value(editor, node)
    ):
        return
    both = editor.add_constant((one + other).reshape(-1), f"{node.outputs[0]}/pads")
    editor.set_inputs(node, [inner.inputs[0], both, *([node.inputs[2]] if node.input(2) else [])])


def _into_window(editor: Editor, pad: Node, node: Node) -> bool:
    pads, rank = _pads(editor, pad), len(editor.shape(pad.inputs[0]))
    if pads is None or pad.attribute("mode", "constant") != "constant" or _value(editor, pad) != 0:
        return False
    if pads.min() < 0 or pads[:, :2].any() or not editor.types[pad.inputs[0]].is_float:
        return False
    if node.op == "AveragePool" and not (_counts(node) and not node.attribute("ceil_mode", 0)):
        return False
    if node.attribute("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        return False
    own = np.array(node.attribute("pads", (0,) * 2 * (rank - 2)), np.int64).reshape(2, -1)
    total = own + pads[:, 2:]
    if node.op == "AveragePool" and (total >= np.array(node.attributes["kernel_shape"])).any():
        return False  # more than a window of nothing but padding: not allowed
    node.attributes = {k: v for k, v in node.attributes.items() if k != "auto_pad"}
    node.attributes["pads"] = tuple(int(p) for p in total.reshape(-1))
    editor.set_inputs(node, [pad.inputs[0], *node.inputs[1:]])
    return True


def _counts(node: Node) -> bool:
    """Whether the pool divides by all elements of its window, padding included (or has none of its own)."""
    return bool(node.attribute("count_include_pad", 0))
