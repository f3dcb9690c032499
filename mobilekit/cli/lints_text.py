"""Lints as text for people: a paragraph per rule and remedy, with the first findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.pipeline.lint_outlook import LintOutlook

_SHOWN = 3
"""Findings written out per rule and remedy; the JSON has all."""


def lint_lines(lints: Sequence[LintOutlook], tiers: Sequence[str]) -> Iterator[str]:
    """The lines to print; ``tiers`` are all there are, so that "all" need not be said."""
    if not lints:
        return
    yield "what is published about Apple's hardware, not run here:"
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[LintOutlook]] = {}
    for lint in lints:
        groups.setdefault((lint.rule, lint.todo, lint.source, lint.tiers), []).append(lint)
    for (rule, todo, source, concerned), found in groups.items():
        only = f" (tier {', '.join(concerned)})" if set(concerned) != set(tiers) else ""
        yield f"  {len(found):>4} × {rule}{only}"
        yield from (
            f"         {lint.node}: {lint.what}" if lint.node else f"         {lint.what}"
            for lint in found[:_SHOWN]
        )
        if len(found) > _SHOWN:
            yield f"         … and {len(found) - _SHOWN} more"
        yield f"       do: {todo}"
        yield f"       by: {source}"
