"""How passes write the normalisations of domain ``mobilekit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.normalise.node import MOBILEKIT, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mobilekit.normalise.editor import Editor


def emit_normalize(
    editor: Editor,
    at: Node,
    x: str,
    *,
    axes: Sequence[int],
    epsilon: float,
    scale: str | float = 1.0,
    bias: str | float = 0.0,
    outside: float = 0.0,
) -> str:
    """``(x − mean) / (sqrt(variance + epsilon) + outside) · scale + bias`` over ``axes``; the output's name.

    ``scale`` and ``bias`` are numbers, or values of x's rank that broadcast to x.
    """
    names = [
        x,
        *(_value(editor, at, x, v, n) for n, v in (("scale", scale), ("bias", bias), ("epsilon", epsilon))),
    ]
    more = {"outside": outside} if outside else {}
    return _emit(editor, at, "Normalize", names, axes=tuple(axes), **more)


def emit_group_normalize(
    editor: Editor,
    at: Node,
    x: str,
    *,
    groups: int,
    epsilon: float,
    scale: str | float = 1.0,
    bias: str | float = 0.0,
) -> str:
    """The same over the groups of channels (axis 1) of ``x``; scale and bias have shape [1, C, 1, …]."""
    names = [
        x,
        *(
            _per_channel(editor, at, x, v, n)
            for n, v in (("scale", scale), ("bias", bias), ("epsilon", epsilon))
        ),
    ]
    return _emit(editor, at, "GroupNormalize", names, groups=groups)


def emit_rms_normalize(
    editor: Editor, at: Node, x: str, *, axes: Sequence[int], epsilon: float, scale: str | float = 1.0
) -> str:
    """``x / sqrt(mean(x²) + epsilon) · scale`` over ``axes``."""
    names = [x, *(_value(editor, at, x, v, n) for n, v in (("scale", scale), ("epsilon", epsilon)))]
    return _emit(editor, at, "RmsNormalize", names, axes=tuple(axes))


def with_inputs(editor: Editor, at: Node, norm: Node, inputs: list[str]) -> str:
    """A copy of a normalisation with other inputs, where ``at`` is."""
    return _emit(editor, at, norm.op, inputs, **norm.attributes)


def _emit(editor: Editor, at: Node, op: str, inputs: list[str], **attributes: Any) -> str:
    return editor.add(op, inputs, at=at, domain=MOBILEKIT, **attributes)


def _value(editor: Editor, at: Node, x: str, value: str | float, name: str) -> str:
    if isinstance(value, str):
        return value
    found = editor.types[x]
    return editor.add_constant(np.full((1,) * found.rank, value, found.dtype), f"{at.outputs[0]}/{name}")


def _per_channel(editor: Editor, at: Node, x: str, value: str | float, name: str) -> str:
    if isinstance(value, str):
        return value
    found = editor.types[x]
    shape = (1, found.shape[1], *(1,) * (found.rank - 2))
    return editor.add_constant(np.full(shape, value, found.dtype), f"{at.outputs[0]}/{name}")
