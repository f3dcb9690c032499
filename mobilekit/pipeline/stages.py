"""The cached steps from a read model to one verified file. Each is a stage of the store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.artifact import digest_of_bytes
from mobilekit.calibrate.statistics import Statistics
from mobilekit.errors import DisagreementError, PassDisagreementError, PlanError, UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.rule import unsupported
from mobilekit.normalise.pipeline import normalise
from mobilekit.normalise.verify import tolerance_of
from mobilekit.parity.whole_model import check_converted
from mobilekit.pipeline.formats import format_of
from mobilekit.pipeline.formats.base import Writing
from mobilekit.pipeline.keys import build_key, description_key
from mobilekit.pipeline.progress import counting
from mobilekit.pipeline.reference import RecordedSession, record
from mobilekit.plan.api import plan_int8
from mobilekit.plan.half_precision import HalfPlan, half_precision
from mobilekit.plan.int16 import plan_w8a16
from mobilekit.plan.wide_integers import check_integers
from mobilekit.quantisation import QuantisationPlan
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.isolated import run_isolated
from mobilekit.runtimes.reference import open_reference
from mobilekit.source.graph import Graph, graph_from_proto
from mobilekit.store.canonical import write_json

if TYPE_CHECKING:
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.metrics import Tolerance
    from mobilekit.parity.result import ParityReport
    from mobilekit.pipeline.opened import Opened
    from mobilekit.source.graph import Stage
    from mobilekit.target import Checks
    from mobilekit.tensors import Feed
    from mobilekit.tier import Compression, Io, Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The legalised graph, and what was recognised and rewritten on the way (as JSON values)."""

    graph: Graph
    recognised: Sequence[Mapping[str, str]]
    rewrites: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """A written file and the digest of all that went into it."""

    path: Path
    key: str


def prepare(opened: Opened) -> Prepared:
    """Normalise, then legalise; in a stepwise job both are compared with the model on real inputs.

    Raises UnsupportedOperatorError naming every node without an exact form, before anything is done
    if the operators alone say so.
    """
    dialect = format_of(opened.job.format).dialect(opened.job.opset)
    dialect.check_operators_known(opened.source)
    try:
        return _prepared(opened)
    except UnsupportedOperatorError as error:
        raise dialect.with_all(opened.source, error) from error
    except PassDisagreementError as error:
        # What ONNX Runtime computes for a node may be nobody's definition: the node is at fault, not a pass.
        lines = dialect.every_refusal(opened.source)
        if not lines:
            raise
        raise unsupported(lines, dialect.profile) from error


def _prepared(opened: Opened) -> Prepared:
    job = opened.job
    digest = opened.verification.digest if job.stepwise else None
    key = {"source": opened.source.digest, "samples": digest, **build_key()}
    job.progress("normalise", 0, 1)
    first = job.store.stage("normalise", key, lambda folder: _normalise(opened, folder))
    job.progress("normalise", 1, 1)
    job.progress("legalise", 0, 1)
    second = job.store.stage(
        "legalise", {**key, "profile": job.profile}, lambda folder: _legalise(opened, first.path, folder)
    )
    job.progress("legalise", 1, 1)
    return Prepared(
        graph=_read_graph(second.path / "graph.onnx", "legalised"),
        recognised=_read_json(first.path / "recognised.json"),
        rewrites=_read_json(second.path / "rewrites.json"),
    )


def _normalise(opened: Opened, folder: Path) -> None:
    result = normalise(opened.source, samples=_compared(opened))
    (folder / "graph.onnx").write_bytes(result.graph.model)
    write_json(folder / "recognised.json", [asdict(each) for each in result.recognised])


def _legalise(opened: Opened, normalised: Path, folder: Path) -> None:
    graph = _read_graph(normalised / "graph.onnx", "normalised")
    result = legalise(graph, profile=opened.job.profile, samples=_compared(opened))
    (folder / "graph.onnx").write_bytes(result.graph.model)
    write_json(folder / "rewrites.json", [asdict(each) for each in result.rewrites])


def _compared(opened: Opened) -> list[Feed]:
    return list(opened.verification) if opened.job.stepwise else []


def _blame_a_pass(opened: Opened) -> None:
    """Raises PassDisagreementError if normalising or legalising is what changed the result."""
    samples = list(opened.verification)
    normalised = normalise(opened.source, samples=samples).graph
    legalise(normalised, profile=opened.job.profile, samples=samples)


def _read_graph(path: Path, stage: Stage) -> Graph:
    import onnx

    return graph_from_proto(onnx.ModelProto.FromString(path.read_bytes()), stage=stage)


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def plan_int16(
    opened: Opened, prepared: Prepared, calibration: SampleSource | Statistics
) -> QuantisationPlan:
    """As :func:`plan`, with int16 activations."""
    job, ranges = opened.job, image_ranges(opened)
    key = {
        "graph": prepared.graph.digest,
        "samples": calibration.digest,
        "ranges": ranges,
        **build_key(),
    }

    def build(folder: Path) -> None:
        progress = counting(job.progress, "calibrate w8a16")
        made = plan_w8a16(prepared.graph, calibration, input_ranges=ranges, progress=progress)
        (folder / "plan.json").write_text(made.to_json(), encoding="utf-8")

    return read_plan(job.store.stage("plan-w8a16", key, build).path / "plan.json", prepared.graph)


def plan(opened: Opened, prepared: Prepared, calibration: SampleSource | Statistics) -> QuantisationPlan:
    """Calibrate on ``calibration`` and decide every operator's precision and ranges."""
    job = opened.job
    if isinstance(calibration, Statistics):
        calibration.check_graph(prepared.graph.digest, where="what is given by statistics (--statistics)")
    key = {
        "graph": prepared.graph.digest,
        "samples": calibration.digest,
        "method": str(job.ranges),
        "ranges": image_ranges(opened),
        "on_processor": job.on_processor,
        **build_key(),
    }

    def build(folder: Path) -> None:
        progress = counting(job.progress, "calibrate")
        ranges = image_ranges(opened)
        made = plan_int8(
            prepared.graph,
            calibration,
            method=job.ranges.method,
            percentile=job.ranges.percentile,
            symmetric=job.ranges.symmetric,
            input_ranges=ranges,
            on_processor=job.on_processor,
            progress=progress,
        )
        (folder / "plan.json").write_text(made.to_json(), encoding="utf-8")

    return read_plan(job.store.stage("plan", key, build).path / "plan.json", prepared.graph)


def image_ranges(opened: Opened) -> dict[str, tuple[float, float]]:
    """The least and the greatest value of each image input, by its description."""
    ranges = {}
    for spec in opened.source.inputs:
        said = opened.job.description.inputs.get(spec.name)
        if said is not None and said.kind == "image" and spec.name not in opened.job.data:
            ends = [(v - m) / s for m, s in zip(*said.affine(), strict=True) for v in (0.0, 255.0)]
            ranges[spec.name] = (min(ends), max(ends))
    return ranges


def read_plan(path: Path, graph: Graph) -> QuantisationPlan:
    """A plan from a file. Raises PlanError if it is damaged or of another graph."""
    found = _plan_from(path)
    if found.graph_digest != graph.digest:
        message = (
            f"{path} is the plan of another graph: {found.graph_digest[:12]}, {graph.digest[:12]} expected"
        )
        hint = "a plan holds for one model, its shapes and one mobilekit: leave --plan out to make one"
        raise PlanError(message, hint=hint)
    return found


def read_plan_of(precision: Precision, path: Path, graph: Graph) -> QuantisationPlan:
    """As :func:`read_plan`, for a file of ``precision``. Raises PlanError if it is of another kind."""
    kind = precision_of_plan(path)
    if kind != precision:
        message = f"{path} is the plan of a file of precision {kind}, {precision} is asked for"
        raise PlanError(message, hint=f"choose precision {kind}, or leave --plan out to make one")
    return read_plan(path, graph)


def precision_of_plan(path: Path) -> Precision:
    """What the plan in a file makes: ``w8a16`` where its integer operators are int16, else ``int8``.

    Raises PlanError if it is damaged.
    """
    return "w8a16" if _plan_from(path).is_int16 else "int8"


def _plan_from(path: Path) -> QuantisationPlan:
    try:
        return QuantisationPlan.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot read the plan {path}: {error}"
        hint = "package writes one beside each int8 model, and so does `mobilekit convert --precision int8`"
        raise PlanError(message, hint=hint) from error
    except PlanError as error:
        message = f"{path}: {error.message}"
        raise PlanError(message, hint=error.hint) from error


def emit_file(
    opened: Opened,
    prepared: Prepared,
    *,
    precision: Precision,
    plan: QuantisationPlan | None = None,
    io: Io = "float32",
    compression: Compression = "none",
) -> Emitted:
    """Write the file of one precision, in the job's format."""
    job = opened.job
    chosen = format_of(job.format)
    islands = tuple(float_islands(opened, prepared)) if precision == "fp16" else ()
    key = {
        "graph": prepared.graph.digest,
        "precision": precision,
        "plan": digest_of_bytes(plan.to_json().encode()) if plan else None,
        "io": io,
        "format": job.format,
        "opset": job.opset,
        "islands": list(islands),
        "compression": compression,
        "description": description_key(job.description),
        "border": [asdict(spec) for spec in (*opened.source.inputs, *opened.source.outputs)],
        **build_key(),
    }

    def build(folder: Path) -> None:
        writing = Writing(
            graph=prepared.graph,
            precision=precision,
            plan=plan,
            io=io,
            description=job.description,
            inputs=opened.source.inputs,
            outputs=opened.source.outputs,
            opset=job.opset,
            islands=islands,
            compression=compression,
        )
        chosen.write(folder / chosen.model_file, writing)

    job.progress(f"write {precision}", 0, 1)
    try:
        result = job.store.stage("emit", key, build)
    except UnsupportedOperatorError as error:
        raise chosen.dialect(job.opset).with_all(opened.source, error) from error
    job.progress(f"write {precision}", 1, 1)
    return Emitted(path=result.path / chosen.model_file, key=result.key)


def float_islands(opened: Opened, prepared: Prepared) -> Mapping[str, str]:
    """The nodes of the legalised graph that an fp16 file computes in float32, with the reasons.

    Measured on the calibration photos; none in a format whose fp16 files compute in float32 anyway.
    """
    job = opened.job
    if not format_of(job.format).needs_islands:
        return {}
    samples = opened.calibration or opened.scoring
    key = {"graph": prepared.graph.digest, "samples": samples.digest, **build_key()}

    def build(folder: Path) -> None:
        progress = counting(job.progress, "half precision")
        planned = half_precision(prepared.graph, samples, progress=progress)
        write_json(folder / "half.json", planned.to_json())

    result = job.store.stage("half-precision", key, build)
    return HalfPlan.from_json(_read_json(result.path / "half.json")).islands


def self_check(opened: Opened, prepared: Prepared, checks: Checks) -> Mapping[str, Any]:
    """The fp32 file against ONNX Runtime; what was found, as JSON. Raises DisagreementError.

    UnsupportedOperatorError for integers that reach beyond the format's on the samples.
    """
    job = opened.job
    emitted = emit_file(opened, prepared, precision="fp32")
    key = {
        "file": emitted.key,
        "samples": opened.verification.digest,
        "checks": asdict(checks),
        **build_key(),
    }

    def build(folder: Path) -> None:
        if format_of(job.format).integer_bits == 32:
            check_integers(prepared.graph, opened.verification, source=opened.source)
        if job.stepwise:
            # A file that kills its runtime must end as an error, not end the build.
            run_isolated(emitted.path, [opened.verification[0]])
            write_json(folder / "parity.json", compared().to_dict())
            return
        try:
            report = compared()
        except DisagreementError:
            _blame_a_pass(opened)
            raise
        write_json(folder / "parity.json", report.to_dict())

    def compared() -> ParityReport:
        with (
            opened.ahead or open_reference(opened.source) as reference,
            open_runtime(emitted.path) as candidate,
        ):
            return check_converted(
                reference,
                candidate,
                list(opened.verification),
                tolerance=_tolerance(opened.source, checks),
                maximum_mismatch=checks.integer_mismatch,
                graph=prepared.graph,
                build=format_of(job.format).write_alone,
                progress=counting(job.progress, "self-check"),
            )

    found: Mapping[str, Any] = _read_json(job.store.stage("self-check", key, build).path / "parity.json")
    return found


def _tolerance(source: Graph, checks: Checks) -> Tolerance:
    """What the target asks of a float file, and no more than the model's own precision allows."""
    allowed = tolerance_of(source)
    return replace(allowed, psnr=min(checks.fp32_psnr, allowed.psnr))


def reference(opened: Opened) -> RecordedSession:
    """ONNX Runtime's outputs of the source model on the scoring samples, run once for all tiers."""
    job, source = opened.job, opened.source
    key = {"source": source.digest, "samples": opened.scoring.digest, **build_key()}

    def build(folder: Path) -> None:
        job.progress("reference", 0, 1)
        with open_reference(source) as session:
            record(session, opened.scoring, folder)
        job.progress("reference", 1, 1)

    result = job.store.stage("reference", key, build)
    return RecordedSession(result.path, inputs=source.inputs, outputs=source.outputs)
