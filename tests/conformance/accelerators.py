"""The columns of ``docs/operators.md`` about accelerators, and what each refuses, from the committed results."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_ALL, _GPU, _HTP = (_FOLDER / f"results{each}.json" for each in ("", "_gpu", "_htp"))
_ACCEPTED = "accepted"
_MOST_REASONS, _LONGEST = 3, 90
_NOISE = re.compile(r"^.*takes no operator of …: |^.*opening …: | …(?=:)|, software\)")
_PASSING = re.compile(r"\b[EFIW]\d{4} [\d:.]+\s+\d+ |(?<=QNNExecutionProvider_)\d+_\d+")
_INTRODUCTION = """## Accelerators

How many cases an accelerator runs wholly and right; the columns stand in the table of target tflite. What it refuses
runs on the CPU, and is named when a file is opened there. Cases that are converted for the GPU have its own forms
(`docs/decisions/0037-gpu.md`): as the CPU has them, it takes more than it computes rightly."""


def brief(detail: str, longest: int) -> str:
    """``detail`` in a line of at most ``longest`` characters, without what another run says otherwise: times, numbers."""
    text = _PASSING.sub("", " ".join(detail.split()))
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def columns() -> dict[str, dict[str, str]]:
    """Headings, and for each operator how many of its cases are accepted; none for results that are not there.

    Where not all cases were run, or not all are accepted, it says of how many.
    """
    found: dict[str, dict[str, str]] = {}
    totals = {op: len(cases) for op, cases in _operators(_ALL).items()}
    if _GPU.exists():
        found["GPU accepts"] = {
            op: _count(each.values(), totals[op]) for op, each in _operators(_GPU).items()
        }
    if _HTP.exists():
        for arithmetic in ("fp16", "int8"):
            told = {
                op: _count((each[arithmetic] for each in cases.values() if arithmetic in each), totals[op])
                for op, cases in _operators(_HTP).items()
            }
            found[f"HTP accepts, {arithmetic}"] = told
    return found


def section() -> str:
    """What was run, on which device, and what is refused most; empty without results."""
    parts = [
        part for path, name in ((_GPU, "GPU"), (_HTP, "HTP")) if path.exists() for part in _told(path, name)
    ]
    return "\n\n".join([_INTRODUCTION, *parts]) if parts else ""


def _operators(path: Path) -> Mapping[str, Mapping[str, Any]]:
    operators: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["operators"]
    return operators


def _status(kept: Any) -> str:
    return str(kept if isinstance(kept, str) else kept["status"])


def _count(kept: Any, cases: int) -> str:
    """How many of those that were run, of an operator with so many ``cases``: just the number if it is all."""
    statuses = [_status(each) for each in kept]
    accepted = statuses.count(_ACCEPTED)
    return "" if not statuses else str(accepted) if accepted == cases else f"{accepted} of {len(statuses)}"


def _told(path: Path, name: str) -> Iterator[str]:
    content = json.loads(path.read_text(encoding="utf-8"))
    tools = ", ".join(f"{tool} {version}" for tool, version in content["tools"].items())
    yield f"### {name}: {content['device']}\n\nWith {tools}.\n\n" + "\n".join(_summary(content["operators"]))
    yield "| operator | not accepted | why |\n|---|---:|---|\n" + "\n".join(_refused(content["operators"]))


def _entries(cases: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The kept outcomes of an operator, each with its arithmetic (empty where there is one only)."""
    for kept in cases.values():
        if isinstance(kept, Mapping) and "status" not in kept:
            yield from kept.items()
        else:
            yield "", kept


def _summary(operators: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    entries = [entry for cases in operators.values() for entry in _entries(cases)]
    for arithmetic in sorted({each for each, _ in entries}):
        counts = Counter(_status(kept) for each, kept in entries if each == arithmetic)
        listed = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        share = 100 * counts[_ACCEPTED] / counts.total()
        what = f"* {arithmetic}: " if arithmetic else "* "
        yield f"{what}**{counts[_ACCEPTED]} of {counts.total()} cases accepted and right ({share:.1f} %)**: {listed}."


def _refused(operators: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for operator, cases in sorted(operators.items()):
        reasons: Counter[str] = Counter()
        for _, kept in _entries(cases):
            if _status(kept) not in (_ACCEPTED, "not converted"):
                reasons[_reason(kept)] += 1
        if reasons:
            shown = "; ".join(
                reason for reason, _ in sorted(reasons.items(), key=lambda r: (-r[1], r[0]))[:_MOST_REASONS]
            )
            yield f"| {operator} | {reasons.total()} | {shown} |"


def _reason(kept: Any) -> str:
    """The first reason, short."""
    text = _NOISE.sub("", kept.get("detail", "")).partition("; ")[0]
    text = brief(text, _LONGEST)
    named = text if _status(kept) in ("refused", "in part") else f"{_status(kept)}: {text}"
    return named.replace("|", "\\|").replace("<", "\\<").replace("\n", " ")
