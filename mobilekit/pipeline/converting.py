"""``convert``: one model to one file of one format, checked as everything is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from mobilekit import resources
from mobilekit.artifact import Artifact, digest_of_path, size_of_path
from mobilekit.description import ModelDescription
from mobilekit.errors import UsageError
from mobilekit.package.bundle import PLAN_FILE
from mobilekit.pipeline.asked import job_asked_for
from mobilekit.pipeline.formats import format_of, formats
from mobilekit.pipeline.job import (
    Job,
    check_fallback,
)
from mobilekit.pipeline.keys import model_digest, tool_versions
from mobilekit.pipeline.keywords import check_jobs, check_one_plan, check_samples, checked_shapes, range_rule
from mobilekit.pipeline.progress import Progress
from mobilekit.pipeline.publish import check_writable, publish_package
from mobilekit.store.canonical import atomic_write, copy_atomic
from mobilekit.store.cas import Store
from mobilekit.target import Budget, Checks, Opset
from mobilekit.target_file import target_from_toml
from mobilekit.tier import PLANNED, Compression, Io, Precision, Tier

if TYPE_CHECKING:
    from mobilekit.calibrate.isp.selection import Cameras
    from mobilekit.calibrate.photos import Photos
    from mobilekit.calibrate.statistics import Statistics
    from mobilekit.pipeline.opened import Opened
    from mobilekit.pipeline.variant import Variant
    from mobilekit.tensors import Feed

_TARGETS = {"tflite": "android", "coreml": "ios", "onnx-qdq": "android"}
"""Whose general figures a file of a format is compared with."""
_OPSET: Opset = "iOS17"
"""The version of Core ML where nobody says."""
_ALL_FLOAT = "no operator of this file computes with integers: none of the model gains from it"


def convert(
    model: str | Path,
    *,
    to: Literal["tflite", "coreml", "onnx-qdq"] = "tflite",
    precision: Precision = "fp32",
    out: str | Path = "build",
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    inputs: Mapping[str, Mapping[str, object]] | None = None,
    photos: str | Path | Photos | None = None,
    data: Mapping[str, str | Path] | None = None,
    samples: Sequence[Feed] | None = None,
    crop: str | None = None,
    face_detector: str | Path | None = None,
    io: Io = "float32",
    opset: Opset = _OPSET,
    compression: Compression = "none",
    camera: Cameras = None,
    ranges: str | None = None,
    percentile: float | None = None,
    symmetric: bool = False,
    jobs: int = 1,
    plan: str | Path | None = None,
    statistics: str | Path | Statistics | None = None,
    fallback: str | None = None,
    config: str | Path | ModelDescription | None = None,
    store: Store | str | Path | None = None,
    progress: Progress | None = None,
) -> Artifact:
    """Convert ``model``; the result is ``out/<model>.<precision>.tflite``, or the folder ``….mlpackage``.

    The plan of an int8 or w8a16 file lies beside it as plan.json. Without photos, data or samples the
    file is verified on synthetic inputs, and ``meta["warnings"]`` says so; these two then need a ``plan``,
    or the ``statistics`` of `calibrate`.
    ``to="coreml"`` writes for devices from ``opset`` on, ``precision`` fp32 or fp16; with ``io="image"``
    inputs and outputs that are described as images are pixel buffers; ``compression`` (``int8``,
    ``palette6``, ``palette4``) has large weights in fewer bits.
    ``to="onnx-qdq"`` writes ``….qdq.onnx``: ONNX with the integers of the .tflite file of the same plan.
    Figures under what target android (ios) asks of ``precision`` are a warning, no error; an int8 file with
    such figures is made again with the operators in float that gain most, where that helps.
    ``crop`` is what image inputs show of a photo (``center``, ``face``, ``none``), ``face_detector`` an
    ONNX model that finds faces; ``camera`` are profiles that calibration photos are taken with, or
    "none". ``ranges`` says how int8 ranges follow from what is observed: ``mse`` (the default),
    ``percentile`` (``percentile`` per cent of the values inside, 99.999), ``min-max``,
    ``mean-extremes`` or ``entropy``; ``symmetric`` has all zero points at zero; ``jobs`` processes
    observe. ``store`` keeps finished steps for later runs; by default nothing is kept.
    Raises MobilekitError.
    """
    _check_keywords(to, precision, io, plan, fallback, opset)
    _check_compression(to, compression, opset)
    _check_statistics(precision, plan, statistics)
    planned = precision == "int8" and plan is None
    rule = range_rule(ranges, percentile, symmetric=symmetric, used=planned)
    fixed = checked_shapes(shapes)
    check_jobs(jobs)
    check_samples(samples)
    folder = Path(out)
    check_writable(folder)
    with _store(store) as opened_store:
        job, _ = job_asked_for(
            model,
            shapes=fixed,
            batch=1,
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
            config=config,
            fallback=fallback,
            store=opened_store,
            progress=progress,
            synthetic=True,
            stepwise=False,
        )
        job = replace(job, format=to, opset=opset, compression=compression, profile=_profile(to, precision))
        from mobilekit.pipeline.opened import open_job, with_reference_ahead
        from mobilekit.pipeline.variant import build_variant

        opened = open_job(job)
        if store is None:  # nothing is there from before: it will be needed
            opened = with_reference_ahead(opened)
        variant = build_variant(
            opened, precision=precision, checks=Checks(), io=io, given_plan=Path(plan) if plan else None
        )
        if plan is None:
            variant = _within_reach(opened, variant, io)
        return _publish(folder, job, variant, [*opened.warnings(), *_warnings(job, variant)])


def _profile(to: str, precision: Precision) -> str:
    return format_of(to).profile_of(Tier(name="", precision=precision))


def _budget(job: Job, precision: Precision) -> Budget:
    """What is asked of ``precision`` where there is no tier: the target's general figures."""
    return target_from_toml(resources.target_file(_TARGETS[job.format])).budgets.get(precision, Budget())


def _within_reach(opened: Opened, variant: Variant, io: Io) -> Variant:
    """``variant``; or, where it is outside its budget, one with some operators in float that is nearer."""
    from mobilekit.pipeline.budgets import RefusedRung, outside
    from mobilekit.pipeline.figures import worst_lack
    from mobilekit.pipeline.ladder import mixed_rung

    budget = _budget(opened.job, variant.precision)
    before = variant.measured["parity"]
    if not outside(before, budget):
        return variant
    mixed = mixed_rung(opened, variant, budget, checks=Checks(), io=io)
    if mixed is None or isinstance(mixed, RefusedRung):
        return variant
    return mixed if worst_lack(mixed.measured["parity"], budget) < worst_lack(before, budget) else variant


def _warnings(job: Job, variant: Variant) -> list[str]:
    """What a reader must know of the file: no integers in it, or figures that no tier would pass with."""
    from mobilekit.pipeline.budgets import outside

    below = outside(variant.measured["parity"], _budget(job, variant.precision))
    where = f"outside the {variant.precision} budget of target {_TARGETS[job.format]}"
    only_float = [_ALL_FLOAT] if variant.is_int8_in_name_only else []
    return [*only_float, *(f"{where}: {line}" for line in below)]


def _check_keywords(
    to: str, precision: str, io: str, plan: str | Path | None, fallback: str | None, opset: str
) -> None:
    if to not in formats():
        message = f"to is {to!r}"
        raise UsageError(message, hint=f"it can be {', '.join(formats())}")
    chosen = format_of(to)
    for name, value, allowed in (
        ("precision", precision, chosen.precisions),
        ("io", io, chosen.ios),
        ("opset", opset, get_args(Opset)),
    ):
        if value not in allowed:
            message = f"{name} is {value!r}"
            raise UsageError(message, hint=f"for {to} it can be {', '.join(allowed)}")
    check_fallback(fallback, to)
    if to != "coreml" and opset != _OPSET:
        message = f"opset {opset} is a version of Core ML, {to} is asked for"
        raise UsageError(message, hint="leave opset (--opset) out, or write Core ML (--to coreml)")
    if io == "int8" and precision != "int8":
        message = f"integer inputs and outputs go with precision int8, not with {precision}"
        raise UsageError(message, hint="leave io (--io) out, or choose precision int8")
    if plan is not None and precision not in PLANNED:
        message = f"a plan goes with precision {' or '.join(PLANNED)}, not with {precision}"
        raise UsageError(message, hint="leave plan (--plan) out, or choose the precision it was made for")


def _check_compression(to: str, compression: Compression, opset: Opset) -> None:
    if compression != "none" and to != "coreml":
        message = f"weights are compressed to {compression} in Core ML packages only, {to} is asked for"
        raise UsageError(
            message, hint="leave compression (--compression) out, or write Core ML (--to coreml)"
        )
    from mobilekit.convert.coreml.compress import check_opset

    check_opset(compression, opset)


def _check_statistics(precision: str, plan: object, statistics: object) -> None:
    check_one_plan(plan, statistics)
    if statistics is not None and precision not in PLANNED:
        message = f"statistics go with precision {' or '.join(PLANNED)}, not with {precision}"
        raise UsageError(message, hint="leave statistics (--statistics) out, or choose precision int8")


@contextmanager
def _store(store: Store | str | Path | None) -> Iterator[Store]:
    if isinstance(store, Store):
        yield store
    elif store is not None:
        yield Store(Path(store))
    else:
        with tempfile.TemporaryDirectory(prefix="mobilekit-store-") as folder:
            yield Store(Path(folder))


def _publish(folder: Path, job: Job, variant: Variant, warnings: Sequence[str]) -> Artifact:
    path = folder / f"{job.model.stem}.{variant.precision}{format_of(job.format).suffix}"
    plan_path = folder / PLAN_FILE if variant.plan else None
    if variant.plan and plan_path:
        atomic_write(plan_path, variant.plan.to_json().encode())
    if variant.path.is_dir():
        publish_package(variant.path, path)
    else:
        copy_atomic(variant.path, path)
    return Artifact(
        kind=job.format, digest=digest_of_path(path), path=path, meta=_meta(job, variant, plan_path, warnings)
    )


def _meta(job: Job, variant: Variant, plan_path: Path | None, warnings: Sequence[str]) -> dict[str, Any]:
    return {
        "precision": variant.precision,
        "scheme": variant.scheme.name,
        "int8_share": variant.scheme.int8_share,
        "int16_share": variant.scheme.int16_share,
        "converter": variant.converter,
        "size_bytes": size_of_path(variant.path),
        "source": {"sha256": model_digest(job.model_key)},
        "plan": str(plan_path) if plan_path else None,
        "self_check_fp32": dict(variant.check),
        "search": dict(variant.search) if variant.search is not None else None,
        "islands": format_of(job.format).integer_islands(variant.path) if variant.plan is not None else None,
        "float_operators": variant.float_operators(),
        "float32_islands": dict(variant.float32_islands),
        "warnings": list(warnings),
        "tools": dict(tool_versions(job.format)),
        **variant.measured,
    }
