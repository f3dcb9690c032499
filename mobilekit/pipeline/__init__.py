"""Paths and keywords in, finished artifacts out: the only place that knows the order of steps.

::

    model ─ source.load ─ normalise ─ legalise ─┬──────────── emit fp32 ─ self-check
    photos ─ samples ──────────┴─ calibrate, plan ─ emit ─ one run in a child ─ parity ─ budget ─ publish

Every step is a stage of the store, keyed by its inputs, parameters, code and tool versions.
"""

from __future__ import annotations

from mobilekit.pipeline.calibrating import CalibrationResult, calibrate, merge_statistics
from mobilekit.pipeline.converting import convert
from mobilekit.pipeline.inspecting import Inspection, inspect
from mobilekit.pipeline.packaging import package
from mobilekit.pipeline.progress import Progress
from mobilekit.pipeline.results import PackageResult, TierResult

__all__ = [
    "CalibrationResult",
    "Inspection",
    "PackageResult",
    "Progress",
    "TierResult",
    "calibrate",
    "convert",
    "inspect",
    "merge_statistics",
    "package",
]
