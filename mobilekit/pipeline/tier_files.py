"""What a tier's stage holds: the folder to publish, its bundle, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.artifact import digest_of_path, size_of_path
from mobilekit.package.bundle import PLAN_FILE, write_bundle
from mobilekit.package.manifest import Origin, Published
from mobilekit.pipeline.formats import format_of
from mobilekit.pipeline.gates import gate_warnings, gates_of
from mobilekit.pipeline.tier_build import BUNDLE, FILES, MEASURED, budget_as_json, origin_digests
from mobilekit.runtimes.coreml import REFERENCE
from mobilekit.store.canonical import atomic_write, write_json
from mobilekit.target import Budget

if TYPE_CHECKING:
    from mobilekit.package.npu_variant import NpuVariant
    from mobilekit.pipeline.budgets import RefusedRung
    from mobilekit.pipeline.opened import Opened
    from mobilekit.pipeline.variant import Variant
    from mobilekit.target import Target
    from mobilekit.tier import Tier

_HERE = "cpu"


def write_variant(
    folder: Path,
    opened: Opened,
    variant: Variant,
    *,
    target: Target,
    tier: Tier,
    refused: Sequence[RefusedRung],
    compiled: Sequence[NpuVariant] = (),
) -> None:
    """Fill a stage's ``folder``; ``refused`` are the rungs that were outside their budgets.

    ``compiled`` are the variants for single chips.
    """
    digest, tools = origin_digests(opened.job)
    origin = Origin(
        model_digest=digest,
        calibration_digest=variant.calibration_digest,
        calibration_samples=variant.calibration_samples,
        plan_digest=variant.plan_digest,
        tools=tools,
        converter=variant.converter,
    )
    (folder / FILES).mkdir()
    chosen = format_of(opened.job.format)
    published = Published(
        description=opened.job.description,
        target=target.name,
        tier=tier,
        precision=variant.precision,
        scheme=variant.scheme,
        origin=origin,
        variants=tuple(compiled),
    )
    chosen.write_tier(folder / FILES, variant.path, published)
    if variant.plan is not None:
        atomic_write(folder / FILES / PLAN_FILE, variant.plan.to_json().encode())
    names = [each.file for each in compiled]
    write_bundle(folder / BUNDLE, folder / FILES, model=chosen.model_file, variants=names)
    measured = _measured(opened, variant, target, tier, refused)
    measured["warnings"] += [each.left_behind() for each in compiled if not each.compiled.whole]
    write_json(folder / MEASURED, {**measured, **_compiled(compiled)})


def _measured(
    opened: Opened,
    variant: Variant,
    target: Target,
    tier: Tier,
    refused: Sequence[RefusedRung],
) -> dict[str, Any]:
    """One tier's part of report.json."""
    gates = gates_of(opened, variant, refused, target.budgets.get("fp16", Budget()))
    chosen = format_of(opened.job.format)
    islands = chosen.integer_islands(variant.path) if variant.plan is not None else None
    # A reference evaluator is no accelerator of the device, not even its CPU.
    real = variant.measured["runtime"] != REFERENCE
    verified = [_HERE] if real and _HERE in tier.accelerators else []
    lower = [f"{r.scheme} was outside its budget: {line}" for r in refused for line in r.reasons]
    return {
        "sha256": digest_of_path(variant.path),
        "size_bytes": size_of_path(variant.path),
        "file": chosen.model_file,
        "precision": variant.precision,
        "scheme": variant.scheme.name,
        "int8_share": variant.scheme.int8_share,
        "int16_share": variant.scheme.int16_share,
        "converter": variant.converter,
        "self_check_fp32": dict(variant.check),
        "budget": budget_as_json(target.budget_of(tier, variant.precision)),
        "verified_on": verified,
        "not_verified_here": [name for name in tier.accelerators if name not in verified],
        "gates": gates,
        "islands": islands,
        "float_operators": variant.float_operators(),
        **_float32_islands(variant),
        "search": dict(variant.search) if variant.search is not None else None,
        "calibration_samples": variant.calibration_samples,
        "refused_rungs": [
            {
                "precision": r.precision,
                "scheme": r.scheme,
                "reasons": list(r.reasons),
                "parity": dict(r.parity) if r.parity is not None else None,
            }
            for r in refused
        ],
        "warnings": [*opened.warnings(), *lower, *gate_warnings(gates)],
        **variant.measured,
    }


def _compiled(variants: Sequence[NpuVariant]) -> dict[str, list[dict[str, Any]]]:
    """What the makers' compilers took; nothing where nothing was compiled."""
    return {"npu_variants": [each.to_report() for each in variants]} if variants else {}


def _float32_islands(variant: Variant) -> dict[str, dict[str, str]]:
    """The float32 operators of a file of float16, with the reasons; nothing where there are none."""
    return {"float32_islands": dict(variant.float32_islands)} if variant.float32_islands else {}
