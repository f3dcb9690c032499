"""``calibrate``: photos audited, what they show of a model's values written as statistics, and merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.artifact import digest_of_bytes
from mobilekit.description import ModelDescription
from mobilekit.errors import MissingPhotosError, UsageError
from mobilekit.pipeline.asked import job_asked_for
from mobilekit.pipeline.auditing import audit_photos
from mobilekit.pipeline.cropping import write_manifest
from mobilekit.pipeline.job import (
    Job,
    opened_statistics,
    opened_store,
)
from mobilekit.pipeline.keys import build_key
from mobilekit.pipeline.keywords import check_jobs, check_samples, checked_shapes, range_rule
from mobilekit.pipeline.progress import Progress, counting
from mobilekit.pipeline.publish import check_writable, written
from mobilekit.store.canonical import atomic_write, write_json
from mobilekit.store.cas import Store

if TYPE_CHECKING:
    from mobilekit.calibrate.audit import Audit, Stability
    from mobilekit.calibrate.isp.selection import Cameras
    from mobilekit.calibrate.photos import Photos
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.calibrate.statistics import Statistics
    from mobilekit.calibrate.stats import CalibrationStats
    from mobilekit.pipeline.opened import Opened
    from mobilekit.pipeline.results import WrittenFile
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed

STATISTICS_FILE = "statistics.json"
AUDIT_FILE = "audit.json"

_EVEN, _ODD = "even.json", "odd.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationResult:
    """What one `calibrate` found and wrote. ``audit`` is None where no photos were given."""

    audit: Audit | None
    stability: Stability
    samples: int
    files: tuple[WrittenFile, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON, for ``--json``."""
        return {
            "samples": self.samples,
            "audit": self.audit.to_dict() if self.audit is not None else None,
            "stability": self.stability.to_dict(),
            "files": [file.to_dict() for file in self.files],
        }


def calibrate(
    model: str | Path | None = None,
    *,
    photos: str | Path | Photos | None = None,
    out: str | Path = "calibration",
    config: str | Path | ModelDescription | None = None,
    inputs: Mapping[str, Mapping[str, object]] | None = None,
    data: Mapping[str, str | Path] | None = None,
    samples: Sequence[Feed] | None = None,
    crop: str | None = None,
    face_detector: str | Path | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    camera: Cameras = None,
    ranges: str | None = None,
    percentile: float | None = None,
    symmetric: bool = False,
    jobs: int = 1,
    like: str | Path | Statistics | None = None,
    store: Store | str | Path | None = None,
    progress: Progress | None = None,
) -> CalibrationResult:
    """Audit ``photos`` and write what they show of ``model``: statistics.json, audit.json, photos.toml.

    `convert` and `package` plan from the statistics without the photos. All photos calibrate here, none
    is kept for scoring. Other keywords are those of `package`; ``like`` are statistics of other photos,
    to be merged with these by `merge_statistics`. ``store`` keeps finished steps. Raises MobilekitError.
    """
    rule = range_rule(ranges, percentile, symmetric=symmetric)
    fixed = checked_shapes(shapes)
    check_jobs(jobs)
    check_samples(samples)
    folder = Path(out)
    check_writable(folder)
    job, _ = job_asked_for(
        model,
        config=config,
        inputs=inputs,
        photos=photos,
        data=data,
        samples=samples,
        crop=crop,
        face_detector=face_detector,
        camera=camera,
        ranges=rule,
        jobs=jobs,
        shapes=fixed,
        batch=1,
        store=opened_store(store),
        progress=progress,
        own_photos=not data,
        stepwise=False,
    )
    job = replace(job, command=f"mobilekit calibrate {job.model} --photos FOLDER")
    return _calibrated(job, folder, like=opened_statistics(like))


def merge_statistics(files: Sequence[str | Path], *, out: str | Path) -> WrittenFile:
    """Write the statistics of all photos of ``files`` to ``out``.

    Raises UsageError for fewer than two files, InputDataError for a damaged one or a photo in two of
    them, PlanError where they are of different graphs or were not made ``like`` the first.
    """
    from mobilekit.calibrate.statistics import read_statistics

    if len(files) < 2:
        message = f"{len(files)} statistics to merge, at least 2 expected"
        raise UsageError(
            message, hint="name all files: mobilekit calibrate --merge a.json b.json --out c.json"
        )
    first, *others = (read_statistics(Path(file)) for file in files)
    merged = first
    for part in others:
        merged = merged.merge(part)
    target = Path(out)
    check_writable(target.parent)
    atomic_write(target, merged.to_json().encode())
    return written(target)


def _calibrated(job: Job, folder: Path, *, like: Statistics | None) -> CalibrationResult:
    from mobilekit.calibrate.stats import CalibrationStats
    from mobilekit.pipeline.opened import all_samples, open_job
    from mobilekit.pipeline.stages import prepare

    opened = open_job(job)
    samples = all_samples(job, opened.source)
    if samples is None:
        message = f"{job.model}: nothing to calibrate with"
        raise MissingPhotosError(message, hint=f"give photos: {job.command}")
    graph = prepare(opened).graph
    if like is not None:
        like.check_graph(graph.digest, where="what is given by like (--like)")
    recorded = _recorded(opened, graph, samples, like)
    even, odd = (
        CalibrationStats.from_json((recorded / name).read_text(encoding="utf-8")) for name in (_EVEN, _ODD)
    )
    steady = _stability(even, odd, job)
    audit = None
    if job.photos is not None:
        audit = audit_photos(job.photos, store=job.store, progress=job.progress, stability=steady)
    return CalibrationResult(
        audit=audit,
        stability=steady,
        samples=len(samples),
        files=_written(job, folder, recorded / STATISTICS_FILE, audit, steady),
    )


def _recorded(opened: Opened, graph: Graph, samples: SampleSource, like: Statistics | None) -> Path:
    """The stage's folder with the statistics, and those of the two halves as planned from."""
    from mobilekit.pipeline.stages import image_ranges

    job = opened.job
    key = {
        "graph": graph.digest,
        "samples": samples.digest,
        "pictures": _pictures(job, samples),
        "extremes": job.ranges.needs_extremes,
        "ranges": image_ranges(opened),
        "like": dict(like.rewrites) if like is not None else None,
        **build_key(),
    }
    return job.store.stage(
        "statistics", key, lambda folder: _record(opened, graph, samples, like, folder)
    ).path


def _record(
    opened: Opened, graph: Graph, samples: SampleSource, like: Statistics | None, folder: Path
) -> None:
    from mobilekit.calibrate.recording import Recorder
    from mobilekit.calibrate.statistics import record_key
    from mobilekit.calibrate.stats import CalibrationStats
    from mobilekit.pipeline.stages import image_ranges
    from mobilekit.plan.int16 import plan_w8a16
    from mobilekit.plan.planner import Planner

    job, ranges = opened.job, image_ranges(opened)
    recorder = Recorder(samples=samples, rewrites=like.rewrites if like is not None else None)
    steps = counting(job.progress, "calibrate")
    planner = Planner(graph, recorder, ranges=job.ranges, input_ranges=ranges, progress=steps)
    planner.observe_all()
    plan_w8a16(graph, recorder, input_ranges=ranges, progress=counting(job.progress, "calibrate w8a16"))
    found = recorder.statistics(graph.digest, _pictures(job, samples), rewrites=planner.rewrites)
    (folder / STATISTICS_FILE).write_text(found.to_json(), encoding="utf-8")
    planned = record_key(planner.rewritten, extremes=job.ranges.needs_extremes)
    for name, half in ((_EVEN, recorder.log.even), (_ODD, recorder.log.odd)):
        stats = half.get(planned, CalibrationStats(values={}))
        (folder / name).write_text(stats.to_json(), encoding="utf-8")


def _pictures(job: Job, samples: SampleSource) -> list[tuple[str, str]]:
    """Names and digests of what calibrates: photos, or else feeds."""
    if job.photos is not None:
        return sorted(zip(job.photos.names, job.photos.sources, strict=True))
    return [
        (name, digest_of_bytes(f"{samples.digest}\0{index}".encode()))
        for index, name in enumerate(samples.names)
    ]


def _stability(even: CalibrationStats, odd: CalibrationStats, job: Job) -> Stability:
    """Compare the ranges that a plan would take from each half."""
    from mobilekit.calibrate.audit import stability

    halves = []
    for half in (even, odd):
        usable = {name: stats for name, stats in half.values.items() if stats.photos and not stats.non_finite}
        found = {name: job.ranges.range_of(stats) for name, stats in usable.items()}
        halves.append({name: (each.minimum, each.maximum) for name, each in found.items()})
    return stability(halves[0], halves[1])


def _written(
    job: Job, folder: Path, statistics: Path, audit: Audit | None, steady: Stability
) -> tuple[WrittenFile, ...]:
    """Publish the statistics, the audit and the list of photos."""
    paths = [folder / STATISTICS_FILE, folder / AUDIT_FILE]
    atomic_write(paths[0], statistics.read_bytes())
    write_json(paths[1], audit.to_dict() if audit else {"stability": steady.to_dict()})
    listed = write_manifest(job.photos, folder) if job.photos is not None else None
    return tuple(written(path) for path in (*paths, listed) if path is not None)
