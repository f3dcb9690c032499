"""Equal constants and equal computations are kept once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.normalise.fold import RANDOM

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node


def merge_duplicates(editor: Editor) -> None:
    """Merge constants with the same content, and nodes with the same operator, inputs and attributes.

    Requires: nothing. Ensures: no two nodes compute the same (but for outputs of the graph).
    """
    _merge_constants(editor)
    first: dict[Any, Node] = {}
    for node in editor.nodes:
        if node.op in RANDOM or not all(
            isinstance(v, int | float | str | tuple) for v in node.attributes.values()
        ):
            continue
        key = (
            node.domain,
            node.op,
            tuple(node.inputs),
            len(node.outputs),
            tuple(sorted(node.attributes.items())),
        )
        same = first.setdefault(key, node)
        if same is node or any(editor.is_kept(a) and editor.is_kept(b) for a, b in _pairs(same, node)):
            continue
        for old, new in _pairs(node, same):
            if old and new:
                editor.replace(old, new)
    editor.remove_unused()


def _pairs(one: Node, other: Node) -> list[tuple[str, str]]:
    return list(zip(one.outputs, other.outputs, strict=True))


def _merge_constants(editor: Editor) -> None:
    first: dict[Any, str] = {}
    for name in sorted(editor.constants):
        array = np.asarray(editor.constants[name], order="C")  # keeps scalars scalars
        digest = hashlib.sha256(array.tobytes()).digest()
        same = first.setdefault((array.dtype, array.shape, digest), name)
        if same != name and not editor.is_kept(name):
            editor.replace(name, same)
