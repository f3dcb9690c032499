"""AveragePool before opset 19, as ONNX Runtime computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node


def average_pool(editor: Editor, node: Node) -> None:
    """Where pads count, so did the cells of a last window beyond the pads, which ``ceil_mode`` lets in.

    Since opset 19 they do not. A Pad makes them pads that count::

        x ── AveragePool(ceil_mode)      becomes      x ── Pad(0) ── AveragePool
    """
    if not node.attribute("ceil_mode", 0) or not node.attribute("count_include_pad", 0):
        return
    if node.attribute("auto_pad", "NOTSET") != "NOTSET":
        return  # windows over SAME and VALID end with their input
    x = node.inputs[0]
    sizes, results = editor.shape(x)[2:], editor.shape(node.outputs[0])[2:]
    kernel = node.attributes["kernel_shape"]
    strides = node.attribute("strides", (1,) * len(sizes))
    pads = list(node.attribute("pads", (0,) * 2 * len(sizes)))
    for axis, (size, result) in enumerate(zip(sizes, results, strict=True)):
        if (result - 1) * strides[axis] >= size + pads[axis]:
            return  # ONNX Runtime has no such window: legalising refuses it
        covered = (result - 1) * strides[axis] + kernel[axis]
        pads[len(sizes) + axis] = max(pads[len(sizes) + axis], covered - size - pads[axis])
    if pads == list(node.attribute("pads", (0,) * 2 * len(sizes))):
        return
    full = [0, 0, *pads[: len(sizes)], 0, 0, *pads[len(sizes) :]]
    constant = editor.add_constant(np.array(full, np.int64), f"{node.outputs[0]}/pads")
    editor.set_inputs(node, [editor.add("Pad", [x, constant], at=node, mode="constant")])
    for name in ("pads", "ceil_mode", "count_include_pad"):
        node.attributes.pop(name, None)
