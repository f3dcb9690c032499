"""MIL names from ONNX names: as alike as MIL's identifiers allow, and all different."""

from __future__ import annotations

import re

_RESERVED = re.compile(
    r"any|bool|program|func|tensor|list|dict|tuple|true|false|string|bf16|u?int\d+|fp\d+|in|out|inout|state"
)
"""Words of MIL's text form that no value may be called."""


def identifier(name: str) -> str:
    """``name`` as a MIL identifier: ``/up1/Resize`` becomes ``_up1_Resize``, and ``433`` ``var_433``."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name) or "value"
    return f"var_{plain}" if plain[0].isdigit() or _RESERVED.fullmatch(plain.lower()) else plain


class Names:
    """Identifiers given so far; each is given once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        """An identifier like ``name`` that nothing has yet: ``x``, then ``x_2``, ``x_3`` …"""
        plain = identifier(name)
        found, count = plain, 2
        while found in self._taken:
            found, count = f"{plain}_{count}", count + 1
        self._taken.add(found)
        return found
