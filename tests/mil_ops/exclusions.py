"""Which cases are left out, and why. A case that is compared and right is never left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.mil_ops.statuses import NOTHING, SKIPPED

NOTHING_COMPARED = "looks at the builder or the program only: nothing is compared"


def reason(case: Mapping[str, Any]) -> str:
    """Why a case that is not right is left out; empty if it is not."""
    for pattern, detail, why in RULES:
        if re.search(pattern, case["case"]) and re.search(detail, case["detail"]):
            return why
    if case["status"] == NOTHING:
        return NOTHING_COMPARED
    return f"skipped by the test itself: {_short(case['detail'])}" if case["status"] == SKIPPED else ""


def precision(name: str, said: str) -> str:
    """The precision that a case is judged by.

    Programs in float32 may have weights in half precision where a parameter of the test says so: the expected values of
    GRU come from weights that were not rounded, and a table of looked-up values is added in half precision.
    """
    return "fp16" if any(re.search(pattern, name) for pattern in HALF) else said


def _short(detail: str) -> str:
    return detail.removeprefix("Skipped: ").partition("; ")[0][:110]


RULES: tuple[tuple[str, str, str], ...] = (
    (
        "test_ios17_invalid_indices.*validate_indices=False",
        "",
        "indices out of range that are not validated: the behaviour is undefined, any difference passes the test",
    ),
    (
        "",
        "Model prediction is only supported on macOS",
        "asks Core ML itself to predict, and compares two programs with each other",
    ),
    (
        "iOS15/test_image_resizing.py::TestResample",
        "^assert \\d+ == \\d+",
        "the test expects the casts of fp16 in the float32 program too, after its first output, which was right",
    ),
)
"""(pattern of the case's name, pattern of what happened, reason)."""

HALF = (
    r"test_recurrent\.py::TestGRU::.*numpy\.float16",
    r"TestConstexprLutToSparse::.*lut_dtype=fp16",
)
"""Patterns of names of cases that compute in half precision, whatever their program's precision is said to be."""
