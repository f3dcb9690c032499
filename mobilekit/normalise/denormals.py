"""Weights below float32's normal range become zero: processors take a hundred times longer for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor


_PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "Mul")


def flush_denormals(editor: Editor) -> None:
    """Float32 constants below 1.2e-38 (what weight decay leaves of dead channels) become zero.

    Requires: constants as initializers. Ensures: no float32 constant that is only multiplied with, or
    added as a bias of a layer, is denormal. Their products with anything a network computes are lost in
    rounding; phones flush them to zero in any case. What keeps a divisor or a logarithm from zero stays.
    """
    tiny = np.finfo(np.float32).smallest_normal
    for name in sorted(editor.constants):
        if editor.types[name].dtype != np.float32 or not _is_weight(editor, name):
            continue
        value = editor.constants[name]
        small = (np.abs(value) < tiny) & (value != 0)
        if small.any():
            editor.set_constant(name, np.where(small, np.float32(0), value))


def _is_weight(editor: Editor, name: str) -> bool:
    """Whether nothing but layers and products read a constant."""
    return all(user.is_op(*_PRODUCTS) for user in editor.users(name)) and not editor.is_kept(name)
