"""Which cases are left out, and why. A case that is compared and right is never left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.mil_ops.plugin import NOTHING, SKIPPED

NOTHING_COMPARED = "looks at the builder or the program only: nothing is compared"


def reason(case: Mapping[str, Any]) -> str:
    """Why a case that is not right is left out; empty if it is not."""
    for pattern, detail, why in RULES:
        if re.search(pattern, case["case"]) and re.search(detail, case["detail"]):
            return why
    if case["status"] == NOTHING:
        return NOTHING_COMPARED
    return f"skipped by the test itself: {_short(case['detail'])}" if case["status"] == SKIPPED else ""


def _short(detail: str) -> str:
    return detail.removeprefix("Skipped: ").partition("; ")[0][:110]


RULES: tuple[tuple[str, str, str], ...] = ()
"""(pattern of the case's name, pattern of what happened, reason)."""
