"""A job: the model, what its tensors mean and what feeds it; resolved from what a user gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from mobilekit import resources
from mobilekit.config import FILE_NAME, descriptions_from_mapping, read_description, safe_name
from mobilekit.description import Crop, ModelDescription, shows_faces
from mobilekit.errors import DescriptionError, UsageError
from mobilekit.pipeline.formats import format_of
from mobilekit.pipeline.keys import data_key, description_key, feeds_key, model_key
from mobilekit.pipeline.progress import Progress, silent
from mobilekit.plan.ranges import RangeRule
from mobilekit.store.cas import Store, default_root
from mobilekit.toml_table import dotted

if TYPE_CHECKING:
    from mobilekit.calibrate.isp.profile import CameraProfile
    from mobilekit.calibrate.isp.selection import Cameras
    from mobilekit.calibrate.photos import Photos
    from mobilekit.calibrate.statistics import Statistics
    from mobilekit.target import Opset
    from mobilekit.tensors import Feed
    from mobilekit.tier import Compression


FALLBACK = "onnx2tf"
CAMERA = "none"
"""The cameras that calibration photos are sent through where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What dynamic dimensions become: whole ``shapes``, else ``batch`` and ``size`` of images."""

    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    batch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every variant of one model has in common.

    ``synthetic`` allows made-up inputs for verification where there is no data (``convert``, and
    ``package`` by a given plan); ``command`` is the command line that would make a refused build work.
    ``stepwise`` compares every step with the model (a build that publishes); else the float file is
    compared, and the steps only if it is wrong. ``fallback`` is ``onnx2tf``, or that with the
    interpreter of an environment of its own: ``onnx2tf:/path/to/python``. ``profile`` is what the model
    is legalised for, ``format`` what it is written in, for Core ML of ``opset`` and with weights of
    ``compression``; not ``on_processor`` where other accelerators alone run it. ``cameras`` are what
    photos go through before they calibrate; ``statistics`` are planned from instead of calibrating.
    """

    model: Path
    model_key: Mapping[str, Any]
    description: ModelDescription
    photos: Photos | None
    data: Mapping[str, Path]
    samples: Sequence[Feed] | None
    fill: Fill
    store: Store
    cameras: tuple[CameraProfile, ...] = ()
    statistics: Statistics | None = None
    ranges: RangeRule = field(default_factory=RangeRule)
    jobs: int = 1
    progress: Progress = silent
    synthetic: bool = False
    stepwise: bool = True
    fallback: str | None = None
    profile: str = "tflite-cpu"
    on_processor: bool = True
    format: str = "tflite"
    opset: Opset = "iOS17"
    compression: Compression = "none"
    command: str = ""

    def key(self) -> dict[str, Any]:
        """What results depend on, as digests; no path is part of it."""
        return {
            "model": dict(self.model_key),
            "description": description_key(self.description),
            "photos": self.photos.digest if self.photos is not None else None,
            "names": self._names(),
            "data": data_key(self.description, self.data, self.store),
            "samples": feeds_key(self.samples),
            "cameras": [camera.digest for camera in self.cameras],
            "statistics": self.statistics.digest if self.statistics is not None else None,
            "ranges": str(self.ranges),
            "shapes": {name: list(shape) for name, shape in sorted(self.fill.shapes.items())},
            "size": list(self.fill.size) if self.fill.size else None,
            "batch": self.fill.batch,
            "fallback": self.fallback,
            "profile": self.profile,
            "format": self.format,
            "opset": self.opset,
            "compression": self.compression,
        }

    def _names(self) -> list[str] | None:
        """The photos' names, where arrays in a folder may be named like them."""
        folder = self.description.folder
        named = [folder / said.source for said in self.description.inputs.values() if said.source]
        if self.photos is None or not any(path.is_dir() for path in (*named, *self.data.values())):
            return None
        return list(self.photos.names)

    def with_fill(self, fill: Fill) -> Job:
        """The same job with other values for dynamic dimensions."""
        return replace(self, fill=fill)

    def with_model(self, model: Path) -> Job:
        """The same job for another model with the same inputs (a tier's lighter one)."""
        return replace(self, model=model, model_key=model_key(model, self.store))


def check_fallback(fallback: str | None, written: str) -> None:
    """Raises UsageError for anything but ``onnx2tf`` and ``onnx2tf:/path/to/python``.

    And for a format, ``written``, that no other converter writes here.
    """
    if fallback is not None and not format_of(written).has_fallback:
        message = f"the fallback {fallback} writes TFLite only, {written} is asked for"
        hint = "leave fallback (--fallback) out: what Core ML cannot express is refused, with the reasons"
        raise UsageError(message, hint=hint)
    if fallback is not None and fallback.partition(":")[0] != FALLBACK:
        message = f"no fallback {fallback!r}"
        raise UsageError(message, hint=f"it can be {FALLBACK}, or {FALLBACK}:/path/to/python")


def opened_store(store: Store | Path | str | None) -> Store:
    """A store as given, at a path, or in the user's cache folder."""
    if isinstance(store, Store):
        return store
    return Store(Path(store) if store is not None else default_root())


def opened_photos(photos: Photos | Path | str | None) -> Photos | None:
    """Photos as given, or at a path. Raises PhotoError, MissingPhotosError or UsageError."""
    from mobilekit.calibrate.photos import read_photos

    if photos is not None and not isinstance(photos, str | Path) and not hasattr(photos, "people"):
        message = f"photos is a {type(photos).__name__}, the path of a folder, zip or list expected"
        raise UsageError(
            message, hint="give a folder; or a .txt file with one path a line: photos='list.txt'"
        )
    return read_photos(Path(photos)) if isinstance(photos, str | Path) else photos


def opened_statistics(statistics: Statistics | Path | str | None) -> Statistics | None:
    """Statistics as given, or of the file at a path. Raises InputDataError."""
    from mobilekit.calibrate.statistics import read_statistics

    return read_statistics(Path(statistics)) if isinstance(statistics, str | Path) else statistics


def opened_cameras(camera: Cameras) -> tuple[CameraProfile, ...]:
    """Profiles by name, path or as given; those of ``CAMERA`` for None. Raises CameraError or UsageError."""
    from mobilekit.calibrate.isp.selection import chosen_cameras

    return chosen_cameras(CAMERA if camera is None else camera)


def described(
    model: Path | None,
    *,
    config: Path | str | ModelDescription | None,
    inputs: Mapping[str, Mapping[str, object]] | None,
    crop: str | None = None,
    face_detector: str | Path | None = None,
) -> tuple[Path, ModelDescription, bool]:
    """The model's path, its description, and whether the description says anything.

    ``config`` (else ``mobilekit.toml`` in the working folder) applies when its path is ``model`` or
    when no model is given; ``inputs`` replaces tables of it, ``crop`` and ``face_detector`` what it says
    of them. Without a model and a description it is the demo, whose own description applies to its file
    too.
    """
    found = _applying(model, config)
    if found is None and (model is None or (is_demo(model) and not inputs)):
        found = read_description(resources.demo_description())
    path = model if model is not None else found.path if found is not None else None
    if path is None:
        message = f"no model is named: {FILE_NAME} has no path"
        raise UsageError(message, hint="name the .onnx file, or add path = under [model]")
    base = found or ModelDescription(name=safe_name(path.stem), folder=Path())
    if inputs:
        replaced = tuple(f"{dotted(('inputs', name))}." for name in inputs)
        base = replace(
            base,
            inputs={**base.inputs, **descriptions_from_mapping(inputs)},
            unfinished={k: place for k, place in base.unfinished.items() if not k.startswith(replaced)},
        )
    base = cropping(base, crop=crop, face_detector=face_detector)
    return path, base, found is not None or bool(inputs)


def cropping(
    description: ModelDescription, *, crop: str | None, face_detector: str | Path | None
) -> ModelDescription:
    """``description`` with the crop and the detector of a command. Raises UsageError for other crops.

    The detector's path starts from the working folder.
    """
    if crop is not None and crop not in get_args(Crop):
        message = f"crop is {crop!r}"
        raise UsageError(message, hint=f"it can be {', '.join(get_args(Crop))}")
    detector = str(Path(face_detector).resolve()) if face_detector is not None else None
    said = description.cropping(crop=cast("Crop | None", crop), detector=detector)
    if detector is not None and said.inputs and not shows_faces(said, said.inputs):
        message = "a face detector is given, and no input shows faces"
        raise UsageError(message, hint='add --crop face, or crop = "face" to an input in mobilekit.toml')
    return said


def check_described(
    description: ModelDescription, model: Path, *, inputs: Sequence[str], outputs: Sequence[str]
) -> None:
    """Raises DescriptionError for a table of a tensor that ``model`` does not have."""
    for kind, said, known in (
        ("input", description.inputs, inputs),
        ("output", description.outputs, outputs),
    ):
        for name in said:
            if name not in known:
                message = f"[{kind}s.{name}] describes no {kind} of {model}"
                raise DescriptionError(message, hint=f"its {kind}s are: {', '.join(known)}")


def is_demo(path: Path) -> bool:
    """Whether ``path`` is the embedded demo model."""
    return path.resolve() == resources.demo_model().resolve()


def _applying(model: Path | None, config: Path | str | ModelDescription | None) -> ModelDescription | None:
    if isinstance(config, ModelDescription):
        return config
    if config is None:
        here = Path(FILE_NAME)
        found = read_description(here) if here.is_file() else None
        return found if found is not None and _is_about(found, model) else None
    found = read_description(Path(config))
    if not _is_about(found, model):
        message = f"{config} is about {found.path}, not about {model}"
        raise UsageError(message, hint="give the file that describes this model, or leave the model out")
    return found


def _is_about(description: ModelDescription, model: Path | None) -> bool:
    return model is None or description.path is None or description.path.resolve() == model.resolve()
