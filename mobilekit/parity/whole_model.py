"""A candidate against the reference on the same inputs, output by output."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import (
    ConversionDisagreementError,
    InputDataError,
    UnsoundArtifactError,
)
from mobilekit.metrics import SINGLE, Tolerance, in_last_bits, max_abs_error, mismatch, psnr
from mobilekit.parity.per_op import Build, first_wrong_operator
from mobilekit.parity.pictures import PictureTally, is_picture
from mobilekit.parity.result import OutputParity, ParityReport
from mobilekit.runtimes.feeds import DYNAMIC
from mobilekit.runtimes.rounding import allows, float32_limits
from mobilekit.tensors import DType

if TYPE_CHECKING:
    from mobilekit.description import TensorDescription
    from mobilekit.runtimes.base import Session
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed, TensorSpec

Progress = Callable[[int, int], None]


def compare(
    reference: Session,
    candidate: Session,
    samples: Iterable[Feed],
    *,
    rounding: float = SINGLE,
    described: Mapping[str, TensorDescription] | None = None,
    groups: Sequence[str | None] = (),
    pixels: bool = False,
    progress: Progress | None = None,
) -> ParityReport:
    """Run both on every sample, one sample in memory at a time.

    Outputs ``described`` as images are compared as pictures too, those of bytes as pictures only: a pixel
    that is off by one is not seen, and differs. ``groups`` are the samples' skin-tone
    groups. With ``pixels`` the candidate's are of 8 bits: their largest error in such steps is kept.

    ``rounding`` is the relative error of one result, for ``last_bits``. ``progress`` is called with
    (samples done, samples in all or 0 if unknown). Raises ConversionDisagreementError if names, dtypes
    or shapes of inputs or outputs differ.
    """
    check_same_border(reference, candidate)
    tallies = [
        _Tally(spec=spec, rounding=rounding, picture=_picture(spec, described or {}, groups, pixels))
        for spec in candidate.outputs
    ]
    total = len(samples) if isinstance(samples, Sized) else 0
    count = 0
    for count, feed in enumerate(samples, start=1):
        expected, got = reference.run(feed), candidate.run(feed)
        for tally in tallies:
            tally.add(expected[tally.spec.name], got[tally.spec.name])
        if progress is not None:
            progress(count, total)
    if not count:
        message = "there is nothing to compare: no samples"
        raise InputDataError(message, hint="give photos with --photos, or arrays with --input")
    return ParityReport(
        reference=reference.name,
        candidate=candidate.name,
        samples=count,
        outputs=tuple(tally.result() for tally in tallies),
    )


def check_converted(
    reference: Session,
    candidate: Session,
    samples: Sequence[Feed],
    *,
    tolerance: Tolerance,
    maximum_mismatch: float = 0.0,
    graph: Graph | None = None,
    build: Build | None = None,
    progress: Progress | None = None,
) -> ParityReport:
    """Compare, and refuse a candidate whose worst sample is outside ``tolerance``.

    Integer and boolean outputs are judged by ``maximum_mismatch`` (share of elements) instead. With
    the legalised ``graph`` and ``build``, the error names the first operator
    that is wrong on its own. An output outside ``tolerance`` passes if the model's own roundings
    can change it as much (``float32_limit_db`` of the report then says so).

    Raises UnsoundArtifactError for NaN where the reference has none, ConversionDisagreementError
    for the rest.
    """
    report = compare(reference, candidate, samples, rounding=tolerance.rounding, progress=progress)
    wrong = [o for o in report.outputs if _is_wrong(o, tolerance.psnr, maximum_mismatch)]
    if not wrong:
        return report
    worst = samples[wrong[0].worst_sample or 0]
    if graph is not None and not any(o.nan or o.mismatch is not None for o in wrong):
        limits = float32_limits(graph, worst)
        if all(allows(limits.get(o.name), o.psnr_worst or 0.0) for o in wrong):
            return replace(report, float32_limit_db={o.name: limits[o.name] for o in wrong})
    culprit = None
    if graph is not None and build is not None:
        culprit = first_wrong_operator(
            graph, build, [worst], tolerance=tolerance, maximum_mismatch=maximum_mismatch
        )
    where = f"; the first wrong operator is {culprit}" if culprit else ""
    if graph is not None and build is not None and not culprit:
        where = "; every operator is right on its own: it is how they are put together"
    faults = "; ".join(_fault(o, tolerance.psnr, maximum_mismatch) for o in wrong)
    message = f"{report.candidate} disagrees with {report.reference}: {faults}{where}"
    hint = "this is a bug in mobilekit: please report it with the model; --fallback onnx2tf may do"
    if any(output.nan for output in wrong):
        raise UnsoundArtifactError(message, hint=hint)
    raise ConversionDisagreementError(message, hint=hint)


def check_same_border(reference: Session, candidate: Session) -> None:
    """Inputs and outputs must agree in names, dtypes and shapes. Raises ConversionDisagreementError."""
    faults = [
        *_differences("input", reference.inputs, candidate.inputs),
        *_differences("output", reference.outputs, candidate.outputs),
    ]
    if faults:
        message = f"{candidate.name} and {reference.name} cannot be compared: " + "; ".join(faults)
        raise ConversionDisagreementError(message, hint="was the file converted from this model?")


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What is kept of one output while samples go by."""

    spec: TensorSpec
    rounding: float
    picture: PictureTally | None = None
    psnrs: list[float | None] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    mismatches: list[float] = field(default_factory=list)
    nan: float = 0.0
    constant: int = 0
    last_bits: bool = True

    def add(self, expected: Array, got: Array) -> None:
        if expected.shape != got.shape or expected.dtype != got.dtype:
            message = f"output {self.spec.name!r}: got {got.dtype} {list(got.shape)}, "
            message += f"expected {expected.dtype} {list(expected.shape)}"
            raise ConversionDisagreementError(message)
        self.psnrs.append(psnr(expected, got))
        self.errors.append(max_abs_error(expected, got))
        if self.picture is not None:
            self.picture.add(expected, got)
        if not self.spec.dtype.is_float and self.picture is None:
            self.mismatches.append(mismatch(expected, got))
        elif got.size and self.spec.dtype.is_float:
            self.last_bits &= in_last_bits(expected, got, rounding=self.rounding)
            self.nan = max(self.nan, float(np.mean(~np.isfinite(got) & np.isfinite(expected))))
        self.constant += _is_constant(got) and not _is_constant(expected)

    def result(self) -> OutputParity:
        different = [value for value in self.psnrs if value is not None]
        worst = min(different, default=None)
        return OutputParity(
            name=self.spec.name,
            dtype=self.spec.dtype,
            shape=self.spec.shape,
            psnr_mean=math.fsum(different) / len(different) if worst not in (None, -math.inf) else worst,
            psnr_worst=worst,
            worst_sample=None if worst is None else self.psnrs.index(worst),
            max_abs_error=float(np.max(self.errors)),
            mismatch=max(self.mismatches) if self.mismatches else None,
            samples=len(self.psnrs),
            identical=len(self.psnrs) - len(different),
            nan=self.nan,
            constant=self.constant,
            last_bits=self.last_bits and (self.spec.dtype.is_float or self.picture is None),
            picture=self.picture.result(self.psnrs) if self.picture is not None else None,
        )


def _picture(
    spec: TensorSpec,
    described: Mapping[str, TensorDescription],
    groups: Sequence[str | None],
    pixels: bool,
) -> PictureTally | None:
    said = described.get(spec.name)
    if said is None or not is_picture(said, spec.shape):
        return None
    if not (spec.dtype is DType.UINT8 or (spec.dtype.is_float and said.says_values)):
        return None
    return PictureTally(said, groups, pixels=pixels)


def _is_constant(values: Array) -> bool:
    return values.size > 1 and bool((values == values.flat[0]).all())


def _is_wrong(output: OutputParity, minimum_psnr: float, maximum_mismatch: float) -> bool:
    if output.mismatch is not None:
        return output.mismatch > maximum_mismatch
    return output.psnr_worst is not None and output.psnr_worst < minimum_psnr and not output.last_bits


def _fault(output: OutputParity, minimum_psnr: float, maximum_mismatch: float) -> str:
    if output.nan:
        return f"output {output.name!r} is NaN or infinite in {output.nan:.2%} of its elements"
    if output.mismatch is not None:
        limit = f"expected {maximum_mismatch:.4%} at most"
        return f"output {output.name!r} differs in {output.mismatch:.4%} of its elements, {limit}"
    constant = ", and it is constant" if output.constant else ""
    return (
        f"output {output.name!r} has {output.psnr_worst:.1f} dB, expected {minimum_psnr:g} or more{constant}"
    )


def _differences(kind: str, expected: Sequence[TensorSpec], got: Sequence[TensorSpec]) -> list[str]:
    by_name = {spec.name: spec for spec in got}
    faults = [f"{kind} {s.name!r} is missing" for s in expected if s.name not in by_name]
    known = {spec.name for spec in expected}
    faults += [f"{kind} {s.name!r} is not the model's" for s in got if s.name not in known]
    for want in expected:
        have = by_name.get(want.name)
        if have is not None and (have.dtype != want.dtype or not _same_shape(have.shape, want.shape)):
            faults.append(
                f"{kind} {want.name!r}: got {have.dtype.value} {list(have.shape)}, "
                f"expected {want.dtype.value} {list(want.shape)}"
            )
    return faults


def _same_shape(got: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    return len(got) == len(expected) and all(
        DYNAMIC in (a, b) or a == b for a, b in zip(got, expected, strict=True)
    )
