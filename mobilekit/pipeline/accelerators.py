"""What a tier's file does on every accelerator that the tier names and that is here.

The check is a stage of its own, after the file's: whether an accelerator is there changes nothing of
what is published. The GPU runs the file itself. For the NPU it is the file's QDQ twin (the same graph,
plan and integers as ONNX) that runs, on Qualcomm's HTP or its emulator.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from mobilekit.artifact import digest_of_path
from mobilekit.errors import (
    AcceleratorError,
    BudgetError,
    MobilekitError,
    UnsoundArtifactError,
    UnsupportedOperatorError,
    UsageError,
)
from mobilekit.package.bundle import PLAN_FILE
from mobilekit.pipeline.accelerator_budgets import FLOATS, judge
from mobilekit.pipeline.formats import format_of
from mobilekit.pipeline.keys import build_key
from mobilekit.pipeline.tier_build import FILES, read_measured
from mobilekit.store.canonical import write_json

if TYPE_CHECKING:
    from mobilekit.pipeline.job import Job
    from mobilekit.pipeline.opened import Opened
    from mobilekit.runtimes.presence import Presence
    from mobilekit.store.cas import StageResult
    from mobilekit.target import Target
    from mobilekit.tier import Accelerator, Precision, Tier

Verify = Literal["cpu", "all"]
"""``all``: on every accelerator that is here; ``cpu``: on no other than the CPU."""

TWIN = "onnx-qdq"
_CHECKED = "checked.json"
_NOT_ASKED = "--verify cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """A tier's built file, and how its model is read again where something must be run."""

    job: Job
    target: Target
    tier: Tier
    stage: Path
    measured: Mapping[str, Any]
    opened: Callable[[Job], Opened]

    @property
    def model(self) -> Path:
        return self.stage / FILES / format_of(self.target.format).model_file

    @property
    def plan(self) -> Path | None:
        path = self.stage / FILES / PLAN_FILE
        return path if path.is_file() else None


def check_verify(verify: str) -> Verify:
    """Raises UsageError for anything but ``cpu`` and ``all``."""
    for known in get_args(Verify):
        if verify == known:
            return known
    message = f"verify is {verify!r}"
    raise UsageError(message, hint=f"it can be {' or '.join(get_args(Verify))}")


def verified(
    job: Job,
    target: Target,
    tier: Tier,
    built: StageResult,
    *,
    opened: Callable[[Job], Opened],
    verify: Verify = "all",
) -> Mapping[str, Any]:
    """A tier's part of report.json, with what its accelerators did. ``job`` is the tier's own.

    Raises BudgetError for a file that an accelerator gets wrong or, where the target asks for all of
    it, refuses; UnsoundArtifactError for one whose results a GPU throws away; AcceleratorError if the
    file crashes the accelerator.
    """
    measured = read_measured(built.path)
    others: list[Accelerator] = [name for name in tier.accelerators if name != "cpu"]
    if target.format != "tflite" or not others:
        return measured
    subject = _Subject(job=job, target=target, tier=tier, stage=built.path, measured=measured, opened=opened)
    found = [_check(subject, accelerator, verify) for accelerator in others]
    warnings = [line for entry in found for line in _judged(subject, entry)]
    on = {*measured["verified_on"], *(entry["accelerator"] for entry in found if entry["verified"])}
    return {
        **measured,
        "accelerators": found,
        "verified_on": [name for name in tier.accelerators if name in on],
        "not_verified_here": [name for name in tier.accelerators if name not in on],
        "warnings": [*measured["warnings"], *warnings],
    }


def _judged(subject: _Subject, entry: Mapping[str, Any]) -> list[str]:
    """Warnings about one accelerator. Raises BudgetError, naming the operator where it can be found."""
    try:
        return judge(subject.target, subject.tier, subject.measured, entry)
    except BudgetError as error:
        blamed = _blamed(subject, entry)
        if not blamed:
            raise
        message = f"{error.message}\n  {blamed}"
        raise BudgetError(message, hint=error.hint) from error


def _blamed(subject: _Subject, entry: Mapping[str, Any]) -> str:
    """The first operator that a GPU computes wrongly; the twin of an NPU's file shows nothing in between."""
    return _first_wrong(subject) if entry["accelerator"] == "gpu" and entry["verified"] else ""


def _hinted(error: MobilekitError) -> str:
    hint = f"{error.hint}; --verify cpu builds without this check, and the report says so"
    return hint.removeprefix("; ")


def _first_wrong(subject: _Subject) -> str:
    from mobilekit.pipeline.accelerator_blame import first_wrong
    from mobilekit.pipeline.accelerator_check import open_on

    presence, _ = _presence("gpu")
    if presence is None:
        return ""
    budget = subject.target.accelerator_budget_of(subject.tier, "gpu")
    minimum = budget.psnr_cpu_min if subject.measured["precision"] in FLOATS else None
    subject.job.progress("the first wrong operator", 0, 1)
    feed = next(iter(subject.opened(subject.job).scoring.picked(1).values()))
    here = presence
    found = first_wrong(subject.model, feed, open_on=lambda path: open_on(path, here), minimum_psnr=minimum)
    subject.job.progress("the first wrong operator", 1, 1)
    return found


def _check(subject: _Subject, accelerator: Accelerator, verify: Verify) -> Mapping[str, Any]:
    """What one accelerator did with a file, or why nothing was run."""
    if verify == "cpu":
        return _unverified(accelerator, _NOT_ASKED)
    presence, absent = _presence(accelerator)
    if presence is None:
        return _unverified(accelerator, absent)
    try:
        return _checked(subject, accelerator, presence)
    except AcceleratorError as error:
        if error.cause == "hung":
            return _unverified(accelerator, error.message)
        message = f"tier {subject.tier.name} of target {subject.target.name}: {error.message}"
        raise AcceleratorError(message, hint=_hinted(error)) from error
    except UnsoundArtifactError as error:
        where = f"tier {subject.tier.name} of target {subject.target.name}: "
        blamed = _first_wrong(subject) if accelerator == "gpu" else ""
        message = f"{where}{error.message}" + (f"\n  {blamed}" if blamed else "")
        raise UnsoundArtifactError(message, hint=_hinted(error)) from error
    except UnsupportedOperatorError as error:
        return _unverified(accelerator, f"it has no {TWIN} twin: {error.message}")


def _presence(accelerator: Accelerator) -> tuple[Presence | None, str]:
    """The accelerator as it can be opened here, or why there is none."""
    from mobilekit.runtimes.presence import accelerators_here

    suffix = ".tflite" if accelerator == "gpu" else ".qdq.onnx"
    found = [each for each in accelerators_here(suffix) if each.accelerator == accelerator]
    for each in found:
        if each.availability.available:
            return each, ""
    return None, "; ".join(each.availability.detail for each in found) or "nothing runs it here"


def _checked(subject: _Subject, accelerator: Accelerator, presence: Presence) -> Mapping[str, Any]:
    """The stage: keyed by the file, what feeds it, the device and the tools, not by the budget."""
    job = subject.job
    key = {
        "file": digest_of_path(subject.model),
        "plan": digest_of_path(subject.plan) if accelerator == "npu" and subject.plan else None,
        "job": job.key(),
        "accelerator": accelerator,
        "opened_as": presence.opened_as,
        "adapter": presence.adapter,
        "runtime": presence.availability.detail,
        **build_key(),
    }

    def build(folder: Path) -> None:
        from mobilekit.pipeline.accelerator_check import run_on

        opened = subject.opened(job)
        path = subject.model if accelerator == "gpu" else _twin(subject, opened)
        label = f"check {subject.tier.name} on {accelerator}"
        entry = run_on(opened, subject.model, path, presence, label=label)
        write_json(folder / _CHECKED, {**entry, "twin": TWIN if accelerator == "npu" else None})

    path = job.store.stage("accelerator", key, build).path / _CHECKED
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _twin(subject: _Subject, opened: Opened) -> Path:
    """The ONNX model of the same graph and plan; of a file without a plan its floats, which HTP computes in
    float16. Raises UnsupportedOperatorError.
    """
    from dataclasses import replace

    from mobilekit.pipeline.stages import emit_file, prepare, read_plan

    prepared = prepare(opened)
    plan = read_plan(subject.plan, prepared.graph) if subject.plan is not None else None
    twin = replace(opened, job=replace(opened.job, format=TWIN))
    precision: Precision = subject.measured["precision"] if plan is not None else "fp32"
    return emit_file(twin, prepared, precision=precision, plan=plan, io=subject.tier.io).path


def _unverified(accelerator: str, reason: str) -> Mapping[str, Any]:
    return {"accelerator": accelerator, "verified": False, "reason": reason}
