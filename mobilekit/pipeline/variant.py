"""One precision of one model: written, checked, executed and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mobilekit.artifact import digest_of_bytes
from mobilekit.convert.tflite.fallback import convert_with_onnx2tf
from mobilekit.errors import (
    ConversionDisagreementError,
    MissingPhotosError,
    UnsupportedOperatorError,
)
from mobilekit.package.scheme import Scheme, scheme_of
from mobilekit.pipeline.figures import psnr_of
from mobilekit.pipeline.formats import format_of
from mobilekit.pipeline.formats.base import Quantised
from mobilekit.pipeline.keys import build_key, description_key
from mobilekit.pipeline.measure import measure
from mobilekit.pipeline.stages import (
    Emitted,
    Prepared,
    emit_file,
    float_islands,
    plan,
    plan_int16,
    prepare,
    read_plan_of,
    self_check,
)
from mobilekit.quantisation import INTEGERS
from mobilekit.tier import PLANNED

if TYPE_CHECKING:
    from mobilekit.pipeline.opened import Opened
    from mobilekit.pipeline.searching import Searched
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.target import Checks
    from mobilekit.tier import Io, Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A file that passed every check but the budget. ``check`` is the float file's parity, as JSON.

    ``float32_islands`` are the nodes that compute in float32 where the others do in float16, and why.
    """

    path: Path
    precision: Precision
    scheme: Scheme
    plan: QuantisationPlan | None
    calibration_digest: str | None
    calibration_samples: int
    measured: Mapping[str, Any]
    check: Mapping[str, Any]
    converter: str
    search: Mapping[str, Any] | None = None
    float32_islands: Mapping[str, str] = field(default_factory=dict)

    @property
    def plan_digest(self) -> str | None:
        """SHA-256 of the plan's canonical JSON."""
        return digest_of_bytes(self.plan.to_json().encode()) if self.plan else None

    @property
    def is_int8_in_name_only(self) -> bool:
        """Whether the plan of a file called int8 or w8a16 leaves every operator in float."""
        chosen = self.plan.operators.values() if self.plan else ()
        return self.plan is not None and not any(p.precision in INTEGERS for p in chosen)

    def float_operators(self) -> list[dict[str, str]]:
        """Operators that the plan left in float (weights aside), with the reasons."""
        chosen = self.plan.operators if self.plan else {}
        return [{"operator": n, "reason": p.reason} for n, p in chosen.items() if p.precision not in INTEGERS]


def build_variant(
    opened: Opened,
    *,
    precision: Precision,
    checks: Checks,
    io: Io = "float32",
    given_plan: Path | None = None,
    searched: Searched | None = None,
) -> Variant:
    """Convert to ``precision``, by onnx2tf where the job allows it and the table does not suffice.

    A static int8 file follows ``given_plan``, or a ``searched`` one, or is calibrated.

    Raises UnsupportedOperatorError, DisagreementError, MissingPhotosError or PlanError.
    """
    try:
        prepared = prepare(opened)
        check = self_check(opened, prepared, checks)
    except UnsupportedOperatorError:
        if opened.job.fallback is None or precision not in ("fp32", "fp16"):
            raise
        return _by_onnx2tf(opened, precision=precision, checks=checks)
    if searched is not None:
        chosen: QuantisationPlan | None = searched.plan
    else:
        chosen = _plan(opened, prepared, precision, given_plan) if precision in PLANNED else None
    small = opened.job.compression
    emitted = emit_file(opened, prepared, precision=precision, plan=chosen, io=io, compression=small)
    quantised = Quantised(graph=prepared.graph, plan=chosen) if chosen else None
    calibrated = opened.calibrating if chosen and given_plan is None else None
    return Variant(
        path=emitted.path,
        precision=precision,
        scheme=scheme_of(precision, prepared.graph, chosen, compression=small),
        plan=chosen,
        calibration_digest=calibrated.digest if calibrated else None,
        calibration_samples=len(calibrated) if calibrated else 0,
        measured=_measured(opened, emitted, precision, quantised, check, io),
        check=check,
        converter="mobilekit",
        search=searched.account if searched is not None else None,
        float32_islands=float_islands(opened, prepared) if precision == "fp16" else {},
    )


def _measured(
    opened: Opened,
    emitted: Emitted,
    precision: Precision,
    quantised: Quantised | None,
    check: Mapping[str, Any],
    io: Io,
) -> Mapping[str, Any]:
    """What executing the file showed; of one float file alone, the self-check has shown it."""
    plain = precision == "fp32" and io == "float32" and opened.job.compression == "none"
    if plain and not opened.job.stepwise:
        format_of(opened.job.format).examine(emitted.path)
        return {"parity": check, "samples": list(opened.verification.names)}
    return measure(opened, emitted, label=precision, quantised=quantised, io=io)


def _plan(opened: Opened, prepared: Prepared, precision: Precision, given: Path | None) -> QuantisationPlan:
    if given is not None:
        return read_plan_of(precision, given, prepared.graph)
    calibrating = opened.calibrating
    if calibrating is None:
        model = opened.job.model
        message = f"{model}: precision {precision} is calibrated on photos (or data), and there are none"
        hint = (
            "give --photos FOLDER (and describe the inputs: mobilekit init), --plan plan.json, "
            "--statistics statistics.json, or samples="
        )
        raise MissingPhotosError(message, hint=hint)
    return (plan_int16 if precision == "w8a16" else plan)(opened, prepared, calibrating)


def _by_onnx2tf(opened: Opened, *, precision: Literal["fp32", "fp16"], checks: Checks) -> Variant:
    emitted = _fallback_file(opened, precision)
    measured = measure(opened, emitted, label=precision, quantised=None)
    check = measured
    if precision != "fp32":
        check = measure(opened, _fallback_file(opened, "fp32"), label="fp32", quantised=None)
    _check_fallback_file(check, checks)
    return Variant(
        path=emitted.path,
        precision=precision,
        scheme=Scheme(name=precision),
        plan=None,
        calibration_digest=None,
        calibration_samples=0,
        measured=measured,
        check=check["parity"],
        converter="onnx2tf",
    )


def _fallback_file(opened: Opened, precision: Literal["fp32", "fp16"]) -> Emitted:
    job = opened.job
    model_file = format_of(job.format).model_file
    key = {
        "source": opened.source.digest,
        "precision": precision,
        "description": description_key(job.description),
        "border": [asdict(spec) for spec in (*opened.source.inputs, *opened.source.outputs)],
        "samples": opened.verification.digest,
        "converter": job.fallback,
        **build_key(),
    }

    def build(folder: Path) -> None:
        job.progress(f"onnx2tf {precision}", 0, 1)
        content = convert_with_onnx2tf(
            opened.source,
            precision=precision,
            description=job.description,
            inputs=opened.source.inputs,
            outputs=opened.source.outputs,
            samples=list(opened.verification),
            python=(job.fallback or "").partition(":")[2] or None,
        )
        (folder / model_file).write_bytes(content)
        job.progress(f"onnx2tf {precision}", 1, 1)

    result = job.store.stage("onnx2tf", key, build)
    return Emitted(path=result.path / model_file, key=result.key)


def _check_fallback_file(measured: Mapping[str, Any], checks: Checks) -> None:
    """The self-check of a file that is not ours: the same tolerances. Raises ConversionDisagreementError."""
    for output in measured["parity"]["outputs"]:
        if output["mismatch"] is not None:
            wrong = output["mismatch"] > checks.integer_mismatch
        else:
            wrong = psnr_of(output["psnr_db"]["worst"]) < checks.fp32_psnr
        if wrong:
            got = output["psnr_db"]["worst"] if output["mismatch"] is None else output["mismatch"]
            message = f"onnx2tf's file disagrees with ONNX Runtime: output {output['name']} ({got})"
            raise ConversionDisagreementError(message, hint="this model cannot be converted exactly here")
