"""Weights below float32's normal range become zero: processors take a hundred times longer for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.runtimes.denormals import PRODUCTS, flushed

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor


def flush_denormals(editor: Editor) -> None:
    """Float32 constants below 1.2e-38 (what weight decay leaves of dead channels) become zero.

    Requires: constants as initializers. Ensures: no float32 constant that is only multiplied with, or
    added as a bias of a layer, is denormal. Their products with anything a network computes are lost in
    rounding; phones flush them to zero in any case. What keeps a divisor or a logarithm from zero stays.
    """
    for name in sorted(editor.constants):
        if not _is_weight(editor, name):
            continue
        value = flushed(editor.constants[name])
        if value is not None:
            editor.set_constant(name, value)


def _is_weight(editor: Editor, name: str) -> bool:
    """Whether nothing but layers and products read a constant."""
    return all(user.is_op(*PRODUCTS) for user in editor.users(name)) and not editor.is_kept(name)
