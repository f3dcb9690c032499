"""Values whose shape ONNX's inference and ONNX Runtime tell differently.

Legalising refuses the nodes that compute them. Shape arithmetic would carry the shape further, and
leave the node itself out of the graph: so it is refused here where a Shape reads what follows from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.errors import UnsupportedOperatorError

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_EXACT_POOLS = 22
_HINT = "say the pads of this node, so that the size of its result does not depend on who computes it"


def check_undisputed(editor: Editor, node: Node) -> None:
    """Raises UnsupportedOperatorError if the node's shape is disputed and a Shape or Size follows from it."""
    if _reason(editor, node) and _is_measured(editor, node):
        raise _refusal(editor, node)


def check_undisputed_before(editor: Editor, node: Node) -> None:
    """The same for a node whose operands do not fit, if a disputed shape leads to them."""
    waiting, seen = [node], {id(node)}
    while waiting:
        for name in waiting.pop().inputs:
            maker = editor.producer(name)
            if maker is None or id(maker) in seen:
                continue
            if _reason(editor, maker):
                raise _refusal(editor, maker)
            seen.add(id(maker))
            waiting.append(maker)


def _refusal(editor: Editor, node: Node) -> UnsupportedOperatorError:
    reason = _reason(editor, node)
    message = f"no exact form for {node.op}, opset {editor.opset}, node {node.outputs[0]}: {reason}"
    return UnsupportedOperatorError(message, hint=_HINT)


def _reason(editor: Editor, node: Node) -> str:
    """Why the node's shape is disputed; empty if it is not."""
    if node.is_op("ConvTranspose"):
        return _transposed(node)
    return _pool(editor, node) if node.is_op("AveragePool", "LpPool", "MaxPool") else ""


def _transposed(node: Node) -> str:
    extra, mode = node.attribute("output_padding", ()), _text(node.attribute("auto_pad", "NOTSET"))
    return (
        f"output_padding {tuple(extra)} with auto_pad {mode}"
        if any(extra) and mode.startswith("SAME")
        else ""
    )


def _pool(editor: Editor, node: Node) -> str:
    """Before opset 22 ONNX counts a last window that starts beyond the image; ONNX Runtime never does."""
    if editor.opset >= _EXACT_POOLS or not node.attribute("ceil_mode", 0):
        return ""
    if _text(node.attribute("auto_pad", "NOTSET")) != "NOTSET":
        return ""
    sizes, results = editor.shape(node.inputs[0])[2:], editor.shape(node.outputs[0])[2:]
    strides = node.attribute("strides", (1,) * len(sizes))
    pads = node.attribute("pads", (0,) * 2 * len(sizes))
    for size, result, stride, before in zip(sizes, results, strides, pads, strict=False):
        if (result - 1) * stride >= size + before:
            return f"ceil_mode with strides {tuple(strides)}, whose last window starts beyond the image"
    return ""


def _is_measured(editor: Editor, node: Node) -> bool:
    """Whether the shape of something computed from the node is asked for."""
    waiting, seen = [node], {id(node)}
    while waiting:
        for name in waiting.pop().outputs:
            for user in editor.users(name):
                if user.is_op("Shape", "Size"):
                    return True
                if id(user) not in seen:
                    seen.add(id(user))
                    waiting.append(user)
    return False


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
