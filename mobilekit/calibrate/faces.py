"""Where the face is on each photo, found by a detector that the user gives as ONNX."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.artifact import digest_of_bytes
from mobilekit.calibrate.detections import DetectorOutputs, as_shares, best, corners, detector_outputs
from mobilekit.calibrate.fit import ImageFit, image_fit
from mobilekit.calibrate.onnx_of_photos import open_photo_model
from mobilekit.calibrate.photos import preview_of
from mobilekit.config import read_description
from mobilekit.errors import DescriptionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mobilekit.calibrate.framing import Box
    from mobilekit.calibrate.photos import Photos
    from mobilekit.description import FaceDescription, ModelDescription, TensorDescription
    from mobilekit.runtimes.base import Session

    Pixels = npt.NDArray[np.uint8]

_ASK = "give --face-detector detector.onnx, or detector = in [crop] of mobilekit.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A face: its box as shares of the photo's width and height, and the detector's score."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """The faces of photos, best first, by the photos' sources."""

    by_source: Mapping[str, tuple[Face, ...]] = field(default_factory=dict)

    def box(self, source: str) -> Box | None:
        """The box of the most confident face; None if there is no face."""
        found = self.by_source.get(source, ())
        return found[0].box if found else None

    @property
    def digest(self) -> str:
        """Identifies the boxes."""
        return digest_of_bytes(self.to_json().encode())

    def to_json(self) -> str:
        """Canonical JSON, read by :meth:`from_json`."""
        faces = {s: [[*face.box, face.score] for face in found] for s, found in self.by_source.items()}
        return json.dumps(faces, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Faces:
        """The faces that :meth:`to_json` wrote."""
        rows: Mapping[str, Sequence[Sequence[float]]] = json.loads(text)
        return cls(by_source={source: tuple(_face(row) for row in found) for source, found in rows.items()})


def _face(row: Sequence[float]) -> Face:
    left, top, right, bottom, score = row
    return Face(box=(left, top, right, bottom), score=score)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceDetector:
    """An opened detector; ``where`` is how messages call it."""

    session: Session
    fit: ImageFit
    outputs: DetectorOutputs
    said: FaceDescription
    where: str

    def faces(self, pixels: Pixels) -> tuple[Face, ...]:
        """The faces on a photo, best first; of equally good ones the first in the detector's order."""
        feed = {self.session.inputs[0].name: self.fit.tensor([self.fit.crop(pixels)])}
        boxes, scores = self.outputs.read(self.session.run(feed), self.where)
        boxes = corners(boxes, self.said.boxes, self.where)
        kept = best(boxes, scores, score=self.said.score, overlap=self.said.overlap)
        rows, columns = pixels.shape[:2]
        window = self.fit.framing.window(rows, columns)
        found = []
        for number, box in zip(kept, as_shares(boxes[kept], self.fit.width, self.fit.height), strict=True):
            left, right = ((window.left + float(x) * window.width) / columns for x in box[::2])
            top, bottom = ((window.top + float(y) * window.height) / rows for y in box[1::2])
            found.append(Face(box=(left, top, right, bottom), score=float(scores[number])))
        return tuple(found)


def find_faces(
    photos: Photos,
    description: ModelDescription,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Faces:
    """The faces of every photo, each picture looked at once.

    Raises DescriptionError where the detector or what is said about it does not do.
    """
    detector = open_detector(description)
    found: dict[str, tuple[Face, ...]] = {}
    side = max(detector.fit.height, detector.fit.width)
    with detector.session:
        for number, source in enumerate(photos.sources):
            if progress is not None:
                progress(number, len(photos))
            if source not in found:
                found[source] = detector.faces(preview_of(photos, number, side))
    if progress is not None:
        progress(len(photos), len(photos))
    return Faces(by_source=found)


def open_detector(description: ModelDescription) -> FaceDetector:
    """The detector that the description names. Raises DescriptionError, or what reading a model raises."""
    said = description.faces
    if said.detector is None:
        message = 'crop = "face" needs a face detector, and none is named'
        raise DescriptionError(message, hint=_ASK)
    path, own = detector_files(description)
    where = f"face detector {path.name}"
    session, _ = open_photo_model(path, where)
    spec = session.inputs[0]
    meaning = _meaning(said, own, path, spec.name)
    try:
        fit = image_fit(spec, replace(meaning, crop="none"))
    except DescriptionError as error:
        message = f"{where}, as {own.name if own else '[crop.input]'} describes it: {error.message}"
        raise DescriptionError(message, hint=error.hint) from error
    return FaceDetector(
        session=session,
        fit=fit,
        outputs=detector_outputs(session.outputs, where),
        said=said,
        where=where,
    )


def detector_files(description: ModelDescription) -> tuple[Path, Path | None]:
    """The detector's .onnx file, and the file of its own that describes it (beside it, or named itself).

    Raises DescriptionError if a file that is named cannot be read.
    """
    named = description.folder / (description.faces.detector or "")
    if named.suffix.lower() == ".toml":
        return read_description(named).path or named, named
    beside = named.with_suffix(".toml")
    return named, beside if description.faces.input is None and beside.is_file() else None


def _meaning(said: FaceDescription, own: Path | None, path: Path, name: str) -> TensorDescription:
    """What the detector's input means. Raises DescriptionError if nothing says it."""
    meaning = read_description(own).inputs.get(name) if own is not None else said.input
    if meaning is None or meaning.kind != "image":
        message = f"nothing says what the input {name} of face detector {path.name} means"
        file = path.with_suffix(".toml")
        hint = (
            "add [crop.input] with range (or mean and std) and color to mobilekit.toml, or describe it in"
            f" {file.name} beside it: mobilekit init {path} --out {file}"
        )
        raise DescriptionError(message, hint=hint)
    return meaning
