"""What a pass found in the graph, for reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """``kind`` says what was found and in which form, ``node`` the value that now is its output."""

    kind: str
    node: str
    detail: str
