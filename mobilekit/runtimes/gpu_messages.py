"""What LiteRT's GPU delegate prints: the adapter it chose, what it refuses, how many operators it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADAPTER = re.compile(r"Selected adapter: (?P<name>.+?), arch=.*?adapterType=(?P<type>.*)$", re.MULTILINE)
_REFUSED = re.compile(
    r"Following operations are not supported by GPU delegate:\n(?P<lines>.*?)"
    r"^(?P<some>\d+|No) operations will run on the GPU, and (?:the remaining|all) (?P<rest>\d+) operations",
    re.MULTILINE | re.DOTALL,
)
_INVALID = re.compile(r"Validation error: (?P<reason>.*)$", re.MULTILINE)
_LINE = re.compile(r"^(?P<kind>[A-Z0-9_ ()a-z-]+?): (?P<reason>.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateSaid:
    """The delegate's last words on a file.

    ``refused`` are pairs of an operator's kind and the reason, as often as said; ``accepted`` and
    ``rest`` numbers of operators on the GPU and the CPU, None where it said nothing (it does so
    where it runs everything).
    """

    adapter: str | None
    software: bool
    refused: tuple[tuple[str, str], ...]
    accepted: int | None
    rest: int | None


def silent_failure(log: str) -> str | None:
    """Why WebGPU threw away what a run computed, in its own words; None where it did not.

    LiteRT says that all is well then, and the outputs are zeros.
    """
    found = _INVALID.search(log)
    return found["reason"].strip() if found else None


def read_messages(log: str) -> DelegateSaid:
    """What a log says. Where a file was opened twice, the second time counts."""
    adapters = list(_ADAPTER.finditer(log))
    adapter = adapters[-1] if adapters else None
    reports = list(_REFUSED.finditer(log))
    report = reports[-1] if reports else None
    lines = [_LINE.match(line.strip()) for line in report["lines"].splitlines()] if report else []
    return DelegateSaid(
        adapter=adapter["name"] if adapter else None,
        software=bool(adapter) and "CPU" in (adapter["type"] if adapter else ""),
        refused=tuple((line["kind"], line["reason"]) for line in lines if line),
        accepted=None if report is None else int(report["some"].replace("No", "0")),
        rest=None if report is None else int(report["rest"]),
    )
