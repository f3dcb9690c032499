"""A normalisation between two Reshapes becomes one on the map as it was: how exporters write groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.grouping import Grouping, axes_in, channel_groups, grouping
from mobilekit.normalise.node import MOBILEKIT, Node
from mobilekit.normalise.normalisation import emit_group_normalize, emit_normalize
from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.tensors import Array


def unwrap_norms(editor: Editor) -> list[Recognition]:
    """::

        x [N,C,H,W] ─ Reshape [N,G,·] ─ Normalize ─ Reshape [N,C,H,W]   →   mobilekit::GroupNormalize(x)

    An x of layout [N, …, C] is transposed before and after. Requires: opset ≥ 21, types, views as
    Reshape. Ensures: no Normalize with scale and bias that are constant within a group stands between
    a Reshape and its opposite.
    """
    found = []
    for node in editor.nodes:
        back = (
            editor.only_user(node.outputs[0]) if node.op == "Normalize" and node.domain == MOBILEKIT else None
        )
        before = editor.producer(node.input(0))
        if back is None or before is None or not before.is_op("Reshape") or not back.is_op("Reshape"):
            continue
        x, target = before.inputs[0], back.outputs[0]
        if editor.shape(x) != editor.shape(target):
            continue
        result = _unwrapped(editor, node, x) or _channels_last(editor, node, x)
        if result is not None:
            editor.replace(target, result[0])
            found.append(
                Recognition(kind=f"{result[1]} from Reshape/Normalize/Reshape", node=target, detail="")
            )
    editor.remove_unused()
    return found


def _unwrapped(editor: Editor, node: Node, x: str) -> tuple[str, str] | None:
    shape = editor.shape(node.inputs[0])
    group = grouping(shape, tuple(node.attributes["axes"]))
    vectors = [_per_group(editor, name, shape, group) for name in node.inputs[1:3]]
    epsilon = editor.constant_of(node.inputs[3])
    if epsilon is None or epsilon.size != 1 or any(v is None for v in vectors):
        return None
    value = float(epsilon.reshape(-1)[0])
    wanted = editor.shape(x)
    axes, groups = axes_in(group, wanted), channel_groups(group, wanted)
    if axes is not None:
        kept = tuple(1 if i in axes else d for i, d in enumerate(wanted))
        names = [
            editor.add_constant(v.reshape(kept), f"{node.outputs[0]}/affine")
            for v in vectors
            if v is not None
        ]
        outside = node.attribute("outside", 0.0)
        output = emit_normalize(
            editor, node, x, axes=axes, epsilon=value, scale=names[0], bias=names[1], outside=outside
        )
        return output, "InstanceNormalization" if axes == tuple(range(2, len(wanted))) else "Normalization"
    if groups is None or node.attribute("outside", 0.0):
        return None
    names = []
    for vector in vectors:
        rows = np.asarray(vector).reshape(wanted[0], groups)
        if (rows != rows[:1]).any():
            return None
        channels = np.repeat(rows[0], wanted[1] // groups).reshape(1, -1, *(1,) * (len(wanted) - 2))
        names.append(editor.add_constant(channels, f"{node.outputs[0]}/affine"))
    output = emit_group_normalize(
        editor, node, x, groups=groups, epsilon=value, scale=names[0], bias=names[1]
    )
    return output, "GroupNormalization"


def _channels_last(editor: Editor, node: Node, x: str) -> tuple[str, str] | None:
    """Of x [N, …, C]: x ─ Reshape [N, …, G, C/G] ─ Normalize over all but N and G."""
    shape, wanted = editor.shape(node.inputs[0]), editor.shape(x)
    rank = len(wanted)
    axes = tuple(sorted(node.attributes["axes"]))
    split = len(shape) == rank + 1 and shape[: rank - 1] == wanted[:-1]
    values = [editor.constant_of(n) for n in node.inputs[1:]]
    if (
        node.attribute("outside", 0.0)
        or not split
        or rank < 3
        or axes != (*range(1, rank - 1), rank)
        or any(v is None for v in values)
    ):
        return None
    scale, bias, epsilon = (v for v in values if v is not None)
    if epsilon.size != 1 or any(d != 1 for v in (scale, bias) for d in v.shape[: rank - 1]):
        return None
    ones = (1,) * (rank - 2)
    names = [
        editor.add_constant(
            np.ascontiguousarray(np.broadcast_to(v, (*v.shape[:-2], *shape[-2:]))).reshape(1, -1, *ones),
            f"{node.outputs[0]}/affine",
        )
        for v in (scale, bias)
    ]
    first = editor.add("Transpose", [x], at=node, perm=(0, rank - 1, *range(1, rank - 1)))
    value = float(epsilon.reshape(-1)[0])
    inner = emit_group_normalize(
        editor, node, first, groups=shape[-2], epsilon=value, scale=names[0], bias=names[1]
    )
    output = editor.add("Transpose", [inner], at=node, perm=(0, *range(2, rank), 1))
    return output, "GroupNormalization"


def _per_group(editor: Editor, name: str, shape: tuple[int, ...], group: Grouping) -> Array | None:
    """A constant scale or bias as one number per group, in order; None if it varies within a group."""
    value = editor.constant_of(name)
    axes = axes_in(group, shape)
    if value is None or axes is None or any(value.shape[a] != 1 for a in axes):
        return None
    kept = tuple(1 if i in axes else d for i, d in enumerate(shape))
    return np.ascontiguousarray(np.broadcast_to(value, kept)).reshape(-1)
