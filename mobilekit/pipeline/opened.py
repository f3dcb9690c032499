"""A job whose model has been read, with the samples that calibrate, score and verify its variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from mobilekit import resources
from mobilekit.calibrate.inputs import input_samples, split
from mobilekit.calibrate.samples import SampleSource, given_samples
from mobilekit.calibrate.synthetic import synthetic_samples
from mobilekit.config import require_complete
from mobilekit.demo.photos import render_photos
from mobilekit.errors import DescriptionError, InputDataError, MissingPhotosError
from mobilekit.pipeline.cameras import through_cameras
from mobilekit.pipeline.dimensions import open_shapes
from mobilekit.pipeline.faces import faces_of
from mobilekit.pipeline.formats import format_of
from mobilekit.pipeline.job import check_described
from mobilekit.pipeline.reference import AheadSession
from mobilekit.runtimes.reference import open_reference
from mobilekit.toml_table import dotted

if TYPE_CHECKING:
    from mobilekit.calibrate.faces import Faces
    from mobilekit.calibrate.statistics import Statistics
    from mobilekit.pipeline.job import Job
    from mobilekit.runtimes.base import Session
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed

_VERIFIED = 2
"""Feeds on which passes and the float file are compared with ONNX Runtime."""
_SYNTHETIC = 2
_RECORDED_BYTES = 1 << 30
_LEAST_SCORED = 8
_CHANNELS = 4  # of a picture, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """``source`` is the model with fixed shapes. ``calibration`` is None where samples are made up.

    ``plain`` is what calibrates before its photos went through cameras. ``scored_of`` is the number of
    scoring samples before a large set was thinned out. ``ahead`` is the model in ONNX Runtime, already
    running on the verification samples.
    """

    job: Job
    source: Graph
    calibration: SampleSource | None
    scoring: SampleSource
    scored_of: int
    plain: SampleSource | None = None
    ahead: Session | None = None

    @property
    def calibrating(self) -> SampleSource | Statistics | None:
        """What plans are made of: the job's statistics where it has some, else the calibration samples."""
        return self.job.statistics or self.calibration

    @property
    def verification(self) -> SampleSource:
        """A few of the samples: one suffices where only the whole is compared."""
        return (self.plain or self.scoring).spread(_VERIFIED if self.job.stepwise else 1)

    def warnings(self) -> tuple[str, ...]:
        """What a reader of the measured figures must know about the samples."""
        if self.calibration is None:
            return ("verified on synthetic inputs only: no photos or data were given",)
        if self.plain is not None and self.plain.digest == self.scoring.digest:
            alone = "scored on the calibration sample itself: there is only one"
            return (*self.scoring.notes, alone, *self._even())
        thinned = self.scored_of - len(self.scoring)
        scored = (f"scored on {len(self.scoring)} of {self.scored_of} samples",) if thinned else ()
        return (*self.scoring.notes, *scored, *self._scored_twice(), *self._even())

    def _even(self) -> tuple[str, ...]:
        """A warning where calibration has seen single colours alone; it looks no further than it must."""
        said = self.job.description.inputs
        shown = [s.name for s in self.source.inputs if s.name in said and said[s.name].kind == "image"]
        if self.plain is None or not shown or self.job.statistics is not None:
            return ()
        if any(np.unique(feed[name]).size > _CHANNELS for feed in self.plain for name in shown):
            return ()
        return ("every calibration photo is of one even colour: ranges and figures hold for no other",)

    def _scored_twice(self) -> tuple[str, ...]:
        """A warning where photos are scored that the statistics are of."""
        if self.job.statistics is None or self.job.photos is None:
            return ()
        calibrated = {digest for _, digest in self.job.statistics.samples}
        sources = dict(zip(self.job.photos.names, self.job.photos.sources, strict=True))
        both = sum(sources.get(name) in calibrated for name in self.scoring.names)
        return (f"{both} of {len(self.scoring)} scored photos are in the statistics too",) if both else ()


def open_job(job: Job) -> Opened:
    """Read the model and find its samples. Raises what reading either raises."""
    dialect = format_of(job.format).dialect(job.opset)
    source = dialect.load_model(job.model, shapes=open_shapes(job.model, job.description, job.fill))
    _check_names(job, source)
    samples = _samples(job, source)
    if samples is None:
        made_up = given_samples(source.inputs, _made_up(job, source))
        return Opened(job=job, source=source, calibration=None, scoring=made_up, scored_of=len(made_up))
    plain, scoring = split(samples) if len(samples) > 1 else (samples, samples)
    limit = max(_LEAST_SCORED, _RECORDED_BYTES // max(1, _output_bytes(source)))
    return Opened(
        job=job,
        source=source,
        calibration=_to_calibrate(job, source, plain),
        scoring=scoring.spread(limit),
        scored_of=len(scoring),
        plain=plain,
    )


def all_samples(job: Job, source: Graph) -> SampleSource | None:
    """All samples of a job as cameras would deliver them: for a calibration that scores nothing."""
    samples = _samples(job, source)
    return _to_calibrate(job, source, samples) if samples is not None else None


def _to_calibrate(job: Job, source: Graph, samples: SampleSource) -> SampleSource:
    """``samples`` as the job's cameras deliver them, observed by as many processes as it says."""
    return replace(through_cameras(job, source, samples), jobs=job.jobs)


def with_reference_ahead(opened: Opened) -> Opened:
    """The same, its reference begun: for a job that will need it once, with nothing kept from before."""
    source, samples = opened.source, list(opened.verification)
    return replace(opened, ahead=AheadSession(lambda: open_reference(source, spin=False), samples))


def _samples(job: Job, source: Graph) -> SampleSource | None:
    if job.samples is not None:
        return given_samples(source.inputs, job.samples)
    # Data that was given is used, or refused: never replaced by made-up samples.
    if job.synthetic and job.photos is None and not job.data and not _all_have_data(job, source):
        if job.stepwise:  # its manifest tells apps what the inputs mean
            require_complete(job.description, given=job.data)
            _check_described(job, source)
        return None
    require_complete(job.description, given=job.data)
    _check_fed(job, source)
    return input_samples(
        source.inputs, job.description, photos=job.photos, data=job.data, faces=_faces(job, source)
    )


def _faces(job: Job, source: Graph) -> Faces | None:
    return faces_of(job, [spec.name for spec in source.inputs])


def _check_fed(job: Job, source: Graph) -> None:
    """Raises MissingPhotosError without photos for what may be images, DescriptionError if nobody knows."""
    if job.photos is None:
        said = job.description.inputs
        named = {spec.name for spec in source.inputs} - set(job.data)
        unfed = [n for n in sorted(named) if n not in said or said[n].kind == "image"]
        if unfed:
            message = f"{job.model}: no photos to calibrate with, for input {', '.join(unfed)}"
            hint = f"calibration has no silent default; run: {job.command}" if job.command else ""
            raise MissingPhotosError(message, hint=hint or "give --photos FOLDER")
    else:
        _check_described(job, source)


def _check_described(job: Job, source: Graph) -> None:
    """Raises DescriptionError if not a single input is described."""
    named = {spec.name for spec in source.inputs} - set(job.data)
    if named and not any(name in job.description.inputs for name in named):
        message = f"{job.model}: nothing says what its inputs mean: {', '.join(sorted(named))}"
        hint = f"write a mobilekit.toml: `mobilekit init {job.model}`; or give inputs= in Python"
        raise DescriptionError(message, hint=hint)


def _all_have_data(job: Job, source: Graph) -> bool:
    said = job.description.inputs
    sourced = {n for n, each in said.items() if each.source is not None or each.value is not None}
    return all(spec.name in sourced or spec.name in job.data for spec in source.inputs)


def _made_up(job: Job, source: Graph) -> Sequence[Feed]:
    """Faces of the demo for images, seeded numbers for the rest."""
    has_image = any(said.kind == "image" for said in job.description.inputs.values())
    faces = islice(render_photos(resources.demo_photos(), size=256), _SYNTHETIC if has_image else 0)
    pictures = [pixels for _, pixels in faces]
    return synthetic_samples(source.inputs, job.description, count=_SYNTHETIC, pictures=pictures)


def _check_names(job: Job, source: Graph) -> None:
    """Descriptions and data of tensors that the model does not have are mistakes.

    Raises DescriptionError or InputDataError.
    """
    inputs = [spec.name for spec in source.inputs]
    for name in job.data:
        if name not in inputs:
            message = f"data is given for input {name}, which {job.model} does not have"
            raise InputDataError(message, hint=f"its inputs are: {', '.join(inputs)}")
    check_described(job.description, job.model, inputs=inputs, outputs=[s.name for s in source.outputs])
    _check_values(job, source)


def _check_values(job: Job, source: Graph) -> None:
    """Raises DescriptionError for a picture of floats that nobody says the black and white of."""
    for spec in source.outputs:
        said = job.description.outputs.get(spec.name)
        table = dotted(("outputs", spec.name))
        if said is None or said.kind != "image" or said.says_values or not spec.dtype.is_float:
            continue
        if not any(key.startswith(f"{table}.") for key in job.description.unfinished):
            message = f"[{table}] does not say the values of black and white"
            hint = f'give [{table}] range = [black, white], such as [0.0, 255.0]; or kind = "array"'
            raise DescriptionError(message, hint=hint)


def _output_bytes(source: Graph) -> int:
    return sum(4 * prod(spec.shape) for spec in source.outputs)
