"""Gelu and QuickGelu of ONNX Runtime's own domain in ONNX's operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.node import MICROSOFT

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor


def replace_microsoft_gelus(editor: Editor) -> None:
    """com.microsoft::Gelu(x) → Gelu(x); com.microsoft::QuickGelu(x) → x · Sigmoid(alpha · x).

    Requires: opset ≥ 21, types. Ensures: neither is left.
    """
    for node in editor.nodes:
        if node.domain != MICROSOFT or node.op not in ("Gelu", "QuickGelu"):
            continue
        x = node.inputs[0]
        if node.op == "Gelu":
            result = editor.add("Gelu", [x], at=node, approximate="none")
        else:
            alpha = np.array(node.attribute("alpha", 1.702), editor.types[x].dtype)
            scaled = editor.add("Mul", [x, editor.add_constant(alpha, f"{node.outputs[0]}/alpha")], at=node)
            result = editor.add("Mul", [x, editor.add("Sigmoid", [scaled], at=node)], at=node)
        editor.replace(node.outputs[0], result)
    editor.remove_unused()
