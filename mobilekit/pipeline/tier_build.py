"""One tier of a target: the first rung within the budget, as a stage of the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.pipeline.formats import format_of
from mobilekit.pipeline.job import Fill, Job
from mobilekit.pipeline.keys import build_key, model_digest, tool_versions
from mobilekit.target import Budget

if TYPE_CHECKING:
    from mobilekit.pipeline.compiling import Npus
    from mobilekit.pipeline.opened import Opened
    from mobilekit.store.cas import StageResult
    from mobilekit.target import Target
    from mobilekit.tier import Tier

FILES = "tier"
BUNDLE = "bundle.zip"
MEASURED = "measured.json"


def job_of(job: Job, target: Target, tier: Tier) -> Job:
    """The job of one tier: its own model and dimensions where it has them, in its accelerator's forms.

    Raises UsageError for a target whose format cannot be written.
    """
    chosen = format_of(target.format)
    shapes = {**target.shapes, **(tier.shapes or {}), **job.fill.shapes}
    fill = Fill(shapes=shapes, size=tier.size or target.size, batch=target.batch)
    own = job.with_model(tier.model) if tier.model is not None else job
    return replace(
        own.with_fill(fill),
        profile=chosen.profile_of(tier),
        on_processor="cpu" in tier.accelerators,
        format=target.format,
        opset=target.opset,
        compression=tier.compression,
    )


def build_tier(
    job: Job,
    target: Target,
    tier: Tier,
    *,
    plan: Path | None,
    opened: Callable[[Job], Opened],
    npus: Npus | None = None,
) -> StageResult:
    """The tier's folder, bundle and measurements. ``job`` is the tier's own; ``opened`` reads its model.

    ``npus`` are chips to compile for, beside the file for all devices.
    """
    rungs = (tier.precision, *tier.next_rungs)
    key = {
        "job": job.key(),
        "target": target.name,
        "format": target.format,
        "checks": asdict(target.checks),
        "budgets": [asdict(target.budget_of(tier, rung)) for rung in rungs],
        "fp16": asdict(target.budgets.get("fp16", Budget())),
        "tier": _tier_key(tier),
        "plan": plan.read_text(encoding="utf-8") if plan and plan.is_file() else str(plan),
        **(npus.key(tier) if npus is not None else {}),
        **build_key(),
    }

    def build(folder: Path) -> None:
        from mobilekit.pipeline.compiling import NONE, compiled_variants
        from mobilekit.pipeline.ladder import first_within
        from mobilekit.pipeline.tier_files import write_variant

        found = opened(job)
        variant, refused = first_within(found, target, tier, plan)
        compiled = compiled_variants(job, tier, variant.path, npus or NONE)
        write_variant(folder, found, variant, target=target, tier=tier, refused=refused, compiled=compiled)

    return job.store.stage("tier", key, build)


def read_measured(folder: Path) -> Mapping[str, Any]:
    """What was measured when the tier was built."""
    found: Mapping[str, Any] = json.loads((folder / MEASURED).read_text(encoding="utf-8"))
    return found


def _tier_key(tier: Tier) -> dict[str, Any]:
    """What a tier's files depend on; its device rules are not part of them, its model is in the job."""
    return {
        "name": tier.name,
        "precision": tier.precision,
        "accelerators": list(tier.accelerators),
        "io": tier.io,
        "compression": tier.compression,
        "next_rungs": list(tier.next_rungs),
    }


def budget_as_json(budget: Budget) -> dict[str, float]:
    """The figures that a budget states."""
    return {name: value for name, value in asdict(budget).items() if value is not None}


def origin_digests(job: Job) -> tuple[str, Mapping[str, str]]:
    """The model's digest and the tool versions, for the manifest."""
    return model_digest(job.model_key), tool_versions(job.format)
