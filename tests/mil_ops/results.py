"""What is committed of a run: ``results.json``, compact and the same for the same outcomes.

Two runs are kept apart: without PyTorch, which every machine can repeat, and with it, where the expected values of
further cases come from.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.mil_ops import exclusions
from tests.mil_ops.statuses import FAILED, NOTHING, RIGHT, WRONG

FILE = Path(__file__).with_name("results.json")
OUTCOMES = (RIGHT, WRONG, "excluded")
LEAST_RIGHT = 0.99
WITH_TORCH, WITHOUT_TORCH = "with PyTorch", "without PyTorch"
_KEPT_DETAIL = 200

Event = Mapping[str, Any]


def of_events(events: Iterable[Event]) -> dict[str, Any]:
    """One run's results, from what the workers wrote."""
    cases = {event["case"]: event for event in events if "case" in event}
    operators: dict[str, Counter[str]] = defaultdict(Counter)
    opsets: dict[str, Counter[str]] = defaultdict(Counter)
    excluded: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: dict[str, str] = {}
    for name, case in sorted(cases.items()):
        outcome, why = judged(case)
        opsets[name.partition("::")[0]][outcome] += 1
        if outcome == "excluded":
            excluded[why][name.partition("[")[0]] += 1
            continue
        for operator in case["operators"]:
            operators[operator][f"{outcome} {precision_of(name)}"] += 1
        if outcome == WRONG:
            wrong[name] = case["detail"][:_KEPT_DETAIL]
    return {
        "collected": len(cases),
        "outputs compared": sum(case["outputs"] for case in cases.values()),
        "files": _plain(opsets),
        "operators": _plain(operators),
        "wrong": wrong,
        "excluded": _plain(excluded),
        "not imported": {event["file"]: event["error"] for event in events if "error" in event},
    }


def merged(kept: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """A run with files added that it was without: ``ValueError`` where both have one, or the evaluator is another."""
    both = sorted({*kept["files"]} & {*found["files"]})
    if both or kept["structure"] != found["structure"]:
        what = f"{', '.join(both)} already there" if both else "results of another evaluator"
        msg = f"{what}: run all files"
        raise ValueError(msg)
    ran = {*found["files"], *found["not imported"]}
    return {
        "collected": kept["collected"] + found["collected"],
        "outputs compared": kept["outputs compared"] + found["outputs compared"],
        **{key: _sum(kept[key], found[key]) for key in ("files", "operators", "excluded")},
        **{key: dict(sorted({**kept[key], **found[key]}.items())) for key in ("wrong", "not imported")},
        "not run": [name for name in kept.get("not run", []) if name not in ran],
        "structure": found["structure"],
    }


def _sum(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    return _plain({key: Counter(one.get(key, {})) + Counter(other.get(key, {})) for key in {*one, *other}})


def judged(case: Event) -> tuple[str, str]:
    """Right, wrong, or excluded with the reason. A case that fails unexplained is wrong, whatever failed."""
    if case["status"] == RIGHT:
        return RIGHT, ""
    why = exclusions.reason(case)
    if why:
        return "excluded", why
    return (
        (WRONG, case["detail"])
        if case["status"] in (WRONG, FAILED, NOTHING)
        else ("excluded", case["detail"])
    )


def precision_of(name: str) -> str:
    """The precision that a case's name tells, fp16 where it tells none: that is coremltools' default."""
    return "fp32" if "fp32" in name else "fp16"


def totals(found: Mapping[str, Any]) -> Counter[str]:
    """Cases of a run by outcome."""
    return sum((Counter(counts) for counts in found["files"].values()), Counter())


def share_right(found: Mapping[str, Any]) -> float:
    """Of the cases that are not excluded."""
    counts = totals(found)
    return counts[RIGHT] / max(1, counts[RIGHT] + counts[WRONG])


def structure() -> dict[str, Any]:
    """What the results depend on: coremltools, and the ops that the evaluator has, by the opset they are from."""
    import coremltools

    from mobilekit.runtimes.mil_reference.registry import table

    ops = {op: [entry.since for entry in entries] for op, entries in sorted(table().items())}
    return {"coremltools": coremltools.__version__, "ops": ops}


def committed() -> dict[str, Any]:
    """Results as committed."""
    return dict(json.loads(FILE.read_text(encoding="utf-8"))) if FILE.exists() else {}


def as_text(found: Mapping[str, Any]) -> str:
    """JSON with sorted keys."""
    return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _plain(counted: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {key: dict(sorted(counts.items())) for key, counts in sorted(counted.items())}
