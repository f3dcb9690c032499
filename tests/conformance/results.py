"""What became of every case, as committed data a target, and what the converter looked like then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from tests.conformance.runner import RIGHT, Outcome
from tests.conformance.targets import TFLITE, Target


def structure(target: Target = TFLITE) -> dict[str, list[str]]:
    """What decides how operators are converted: the table's lowerings, the rules, what normalising writes out.

    A change of these without new results makes ``docs/operators.md`` doubtful; a test notices.
    """
    from mobilekit.legalise.profiles import PROFILES
    from mobilekit.normalise.function_bodies import WRITTEN_OUT
    from mobilekit.normalise.norms import UNIFIED

    rules = [rule for stage in PROFILES[target.profile] for rule in stage]
    return {
        "lowerings": sorted(
            f"{qualified(entry.domain, entry.op_type)} since {entry.since}"
            for entries in target.table().lowerings.values()
            for entry in entries
        ),
        "rules": [
            f"{rule.name}: {' '.join(qualified(rule.domain, op) for op in rule.ops)}" for rule in rules
        ],
        "written_out": sorted({*WRITTEN_OUT, *UNIFIED}),
    }


def qualified(domain: str, operator: str) -> str:
    """An operator with its domain, if that is not ONNX's own."""
    return f"{domain}::{operator}" if domain else operator


def as_json(outcomes: Sequence[Outcome], target: Target = TFLITE) -> dict[str, Any]:
    """Outcomes by operator and case: the status, and what there is to say beside it."""
    operators: dict[str, dict[str, Any]] = {}
    for outcome in sorted(outcomes, key=lambda o: (o.operator, o.case)):
        operators.setdefault(outcome.operator, {})[outcome.case] = entry(outcome)
    return {
        "tools": {tool: version(tool) for tool in target.tools},
        "operators": operators,
        "structure": structure(target),
    }


def merged(kept: dict[str, Any], outcomes: Sequence[Outcome], target: Target = TFLITE) -> dict[str, Any]:
    """Kept results with those of some operators replaced; the rest is still about the converter of then."""
    new = as_json(outcomes, target)
    return {**kept, "operators": dict(sorted({**kept["operators"], **new["operators"]}.items()))}


def entry(outcome: Outcome) -> str | dict[str, str]:
    """An outcome as it is kept. Figures of a right result are not kept: they may differ between processors."""
    if outcome.follows:
        return {"status": outcome.status, "follows": outcome.follows}
    return outcome.status if outcome.status in RIGHT else {"status": outcome.status, "detail": outcome.detail}


def status(kept: str | dict[str, str]) -> str:
    """The status of a kept outcome."""
    return kept if isinstance(kept, str) else kept["status"]


def committed(target: Target = TFLITE) -> dict[str, Any]:
    """The results that ``docs/operators.md`` is made of."""
    return json.loads(target.results.read_text(encoding="utf-8"))


def as_text(content: dict[str, Any]) -> str:
    """JSON with a case a line."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
