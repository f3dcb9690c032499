"""The committed list of cases: which cases of the wheel are run, by operator, and which are left out, by reason.

python -m tests.conformance.case_list      writes cases.json anew from the installed wheel
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import onnx

from tests.conformance import left_out, wheel
from tests.conformance.operands import data_inputs

FILE = Path(__file__).with_name("cases.json")


def from_wheel() -> dict[str, Any]:
    """The list as the rules make it of the installed wheel."""
    operators: dict[str, dict[str, Any]] = {}
    reasons: dict[str, list[str]] = {}
    for name in wheel.names():
        why = left_out.reason(name)
        if why is not None:
            reasons.setdefault(why, []).append(name)
            continue
        entry = operators.setdefault(wheel.operator(name), {"data_inputs": [], "cases": []})
        entry["cases"].append(name)
        positions = data_inputs(wheel.operator(name), len(wheel.node(name).input))
        entry["data_inputs"] = sorted({*entry["data_inputs"], *positions})
    counts = {
        "wheel": len(wheel.names()),
        "run": sum(len(entry["cases"]) for entry in operators.values()),
        "left_out": {why: len(cases) for why, cases in sorted(reasons.items())},
    }
    return {
        "wheel": f"onnx {onnx.__version__}",
        "counts": counts,
        "operators": dict(sorted(operators.items())),
        "left_out": dict(sorted(reasons.items())),
    }


@cache
def committed() -> dict[str, Any]:
    """The list that is run."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def cases(*operators: str) -> list[str]:
    """Names of the cases that are run: those of ``operators``, or all."""
    entries = committed()["operators"]
    return sorted(name for op in operators or entries for name in entries[op]["cases"])


def as_text(content: dict[str, Any]) -> str:
    """JSON with a case a line."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text(from_wheel()), encoding="utf-8")
