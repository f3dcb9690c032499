"""``package``: one model, a target; for each tier a verified file, its manifest and its bundle."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit import resources
from mobilekit.description import ModelDescription
from mobilekit.package.bundle import bundle_name
from mobilekit.pipeline.accelerators import Verify, check_verify, verified
from mobilekit.pipeline.asked import job_asked_for
from mobilekit.pipeline.auditing import audit_photos
from mobilekit.pipeline.compiling import npus_asked
from mobilekit.pipeline.formats import format_of
from mobilekit.pipeline.job import (
    Job,
    check_fallback,
    opened_store,
)
from mobilekit.pipeline.keys import model_digest
from mobilekit.pipeline.keywords import (
    check_jobs,
    check_one_plan,
    check_samples,
    check_tiers,
    checked_shapes,
    range_rule,
)
from mobilekit.pipeline.progress import Progress
from mobilekit.pipeline.publish import (
    REPORT_FILE,
    check_writable,
    lock_of,
    publish_file,
    publish_folder,
    report_is_about,
    tier_files,
    written,
)
from mobilekit.pipeline.results import PackageResult, TierResult
from mobilekit.pipeline.tier_build import BUNDLE, build_tier, job_of
from mobilekit.store.canonical import write_json
from mobilekit.store.cas import Store
from mobilekit.target_file import target_from_toml
from mobilekit.tier import PLANNED

if TYPE_CHECKING:
    from mobilekit.calibrate.isp.selection import Cameras
    from mobilekit.calibrate.photos import Photos
    from mobilekit.calibrate.statistics import Statistics
    from mobilekit.pipeline.opened import Opened
    from mobilekit.store.cas import StageResult
    from mobilekit.target import Target
    from mobilekit.tensors import Feed

REPORT_FORMAT = "mobilekit-report/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a user asked for, to be said back in a hint."""

    target: str
    out: Path
    config: str | Path | ModelDescription | None
    tiers: Sequence[str]
    crop: str | None
    face_detector: str | Path | None
    plan: str | Path | None

    def with_photos(self, model: Path, *, known: bool) -> str:
        """The command that works; the description comes first where there is none (``known``) either."""
        words = [
            "mobilekit",
            "package",
            model,
            "--target",
            self.target,
            "--photos",
            "FOLDER",
            "--out",
            self.out,
        ]
        if self.config is not None and not isinstance(self.config, ModelDescription):
            words += ["--config", self.config]
        for tier in self.tiers:
            words += ["--tier", tier]
        given = {"--crop": self.crop, "--face-detector": self.face_detector, "--plan": self.plan}
        for flag, value in given.items():
            words += [] if value is None else [flag, value]
        build = shlex.join(str(word) for word in words)
        return build if known else f"mobilekit init {model} (and fill in its marked lines), then: {build}"


def package(
    model: str | Path | None = None,
    *,
    target: str = "android",
    photos: str | Path | Photos | None = None,
    out: str | Path = "dist",
    config: str | Path | ModelDescription | None = None,
    inputs: Mapping[str, Mapping[str, object]] | None = None,
    data: Mapping[str, str | Path] | None = None,
    samples: Sequence[Feed] | None = None,
    crop: str | None = None,
    face_detector: str | Path | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    tiers: Sequence[str] | None = None,
    camera: Cameras = None,
    ranges: str | None = None,
    percentile: float | None = None,
    symmetric: bool = False,
    jobs: int = 1,
    plan: str | Path | None = None,
    statistics: str | Path | Statistics | None = None,
    fallback: str | None = None,
    npu: str | Sequence[str] | None = None,
    verify: Verify = "all",
    store: Store | str | Path | None = None,
    progress: Progress | None = None,
) -> PackageResult:
    """Write every tier of ``target`` (or those called ``tiers``) under ``out``, or nothing at all.

    Without ``model`` it is the one that mobilekit.toml names, else the embedded demo with its own
    photos. ``data`` are .npy files or folders for inputs that are not images; ``samples`` ready-made
    feeds; ``shapes`` fixes dynamic dimensions. ``crop`` is what image inputs show of a photo (``center``,
    ``face``, ``none``), ``face_detector`` an ONNX model that finds faces; ``camera`` are profiles that
    calibration photos are taken with, or "none". ``ranges``, ``percentile``, ``symmetric`` and ``jobs``
    are those of :func:`~mobilekit.pipeline.converting.convert`. ``statistics`` are those of `calibrate`,
    to plan from instead of photos; ``plan`` quantises the int8 tiers without calibrating; then, without
    photos and data, files are verified on made-up inputs and the report says so. ``npu`` are chips
    (``qualcomm:SM8650``, comma-separated or several) that files of tiers on the NPU are compiled for
    too, with their makers' libraries. ``verify`` is where files are checked: on the CPU and every
    accelerator of their tiers that is here (``all``), or on the ``cpu`` alone.
    Raises MobilekitError; the hint says what to do.
    """
    rule = range_rule(ranges, percentile, symmetric=symmetric, used=plan is None)
    fixed = checked_shapes(shapes)
    check_jobs(jobs)
    check_samples(samples)
    check_tiers(tiers)
    chosen = target_from_toml(resources.target_file(target))
    format_of(chosen.format)
    wanted = chosen.chosen(tiers)
    check_fallback(fallback, chosen.format)
    check_one_plan(plan, statistics)
    npus, verify = npus_asked(npu, chosen, wanted), check_verify(verify)
    folder = Path(out)
    check_writable(folder)
    job, known = job_asked_for(
        model,
        config=config,
        inputs=inputs,
        photos=photos,
        data=data,
        samples=samples,
        crop=crop,
        face_detector=face_detector,
        camera=camera,
        statistics=statistics,
        ranges=rule,
        jobs=jobs,
        shapes=fixed,
        fallback=fallback,
        store=opened_store(store),
        progress=progress,
        own_photos=True,
        synthetic=plan is not None or statistics is not None,
    )
    asked = _Asked(
        target=target,
        out=folder,
        config=config,
        tiers=tiers or (),
        crop=crop,
        face_detector=face_detector,
        plan=plan,
    )
    job = replace(job, command=asked.with_photos(job.model, known=known))
    opened = _opened_once()
    built = []
    for number, tier in enumerate(wanted):
        job.progress(f"tiers of {chosen.name}", number, len(wanted))
        own = job_of(job, chosen, tier)
        given = Path(plan) if plan else None
        found = build_tier(own, chosen, tier, plan=given, opened=opened, npus=npus)
        measured = verified(own, chosen, tier, found, opened=opened, verify=verify)
        built.append(_Built(tier=tier.name, stage=found, measured=measured))
    job.progress(f"tiers of {chosen.name}", len(wanted), len(wanted))
    calibrated = plan is None and statistics is None and any(tier.precision in PLANNED for tier in wanted)
    return _publish(folder, job, chosen, built, photos=_audited(job) if calibrated else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """A tier's stage, and its part of report.json."""

    tier: str
    stage: StageResult
    measured: Mapping[str, Any]


def _audited(job: Job) -> Mapping[str, Any] | None:
    """What the photos that calibrate cover, in short; None if there are none."""
    if job.photos is None:
        return None
    return audit_photos(job.photos, store=job.store, progress=job.progress).summary()


def _opened_once() -> Callable[[Job], Opened]:
    """``open_job`` that reads a model once for all tiers that need the same shapes of it.

    What is opened has the job that is asked for: tiers may legalise the same model in other forms.
    """
    known: dict[tuple[Path, str], Opened] = {}

    def opened(job: Job) -> Opened:
        from mobilekit.pipeline.opened import open_job

        key = (job.model, repr(job.fill))
        if key not in known:
            known[key] = open_job(job)
        return replace(known[key], job=job)

    return opened


def _publish(
    out: Path,
    job: Job,
    target: Target,
    built: Sequence[_Built],
    *,
    photos: Mapping[str, Any] | None,
) -> PackageResult:
    """Tiers first, their bundles, the report last."""
    folder = out / target.name
    tiers = []
    with lock_of(out, job.store.root):
        for each in built:
            name, stage = each.tier, each.stage
            publish_folder(stage.path, folder / name)
            said = job.description
            zip_name = bundle_name(name=said.name, version=said.version, target=target.name, tier=name)
            bundle = publish_file(stage.path / BUNDLE, out / "bundles" / zip_name)
            model, manifest, own_plan = tier_files(folder / name, format_of(target.format).model_file)
            compiled = [folder / name / said["file"] for said in each.measured.get("npu_variants", ())]
            tiers.append(
                TierResult(
                    tier=name,
                    cached=stage.cached,
                    model=model,
                    manifest=manifest,
                    bundle=bundle,
                    report=each.measured,
                    plan=own_plan,
                    variants=tuple(written(path) for path in compiled),
                )
            )
        report = _write_report(folder, job, target, tiers, photos=photos)
    return PackageResult(
        name=job.description.name,
        version=job.description.version,
        target=target.name,
        out=out,
        tiers=tuple(tiers),
        report=written(report),
        photos=photos,
    )


def _write_report(
    folder: Path, job: Job, target: Target, tiers: Sequence[TierResult], *, photos: Mapping[str, Any] | None
) -> Path:
    """What was measured, of the tiers built now and of those that still lie there from before."""
    path = folder / REPORT_FILE
    digest = model_digest(job.model_key)
    earlier = _earlier_tiers(path, digest, folder)
    write_json(
        path,
        {
            "format": REPORT_FORMAT,
            "name": job.description.name,
            "version": job.description.version,
            "target": target.name,
            "source": {"sha256": digest},
            **({"photos": dict(photos)} if photos is not None else {}),
            "tiers": {**earlier, **{tier.tier: dict(tier.report) for tier in tiers}},
        },
    )
    return path


def _earlier_tiers(path: Path, digest: str, folder: Path) -> dict[str, Any]:
    """Entries of the report that is there, as far as they are about this model and the files there."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        if report["format"] != REPORT_FORMAT or report["source"]["sha256"] != digest:
            return {}
        entries: Mapping[str, Any] = report["tiers"]
        return {name: entry for name, entry in entries.items() if report_is_about(entry, folder / name)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}  # no report yet, or one that nobody can read: it is written anew
