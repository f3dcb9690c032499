"""``crops``: what each input of a model shows of photos, written to look at; and the photos' manifest."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mobilekit.calibrate.photo_files import PhotoFile
from mobilekit.calibrate.photo_lists import manifest_text
from mobilekit.calibrate.photos import PhotoSet
from mobilekit.calibrate.shown import shown_pictures
from mobilekit.config import safe_name
from mobilekit.convert.tflite.refused import DIALECT
from mobilekit.errors import UsageError
from mobilekit.pipeline.asked import job_asked_for
from mobilekit.pipeline.dimensions import open_shapes
from mobilekit.pipeline.faces import faces_of
from mobilekit.pipeline.job import Job, check_described, opened_store
from mobilekit.pipeline.progress import Progress
from mobilekit.pipeline.publish import check_writable
from mobilekit.store.canonical import atomic_write

if TYPE_CHECKING:
    from mobilekit.calibrate.framing import Pixels
    from mobilekit.calibrate.photos import Photos
    from mobilekit.description import ModelDescription
    from mobilekit.store.cas import Store

MANIFEST = "photos.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class CropsResult:
    """The folder of each input with its number of pictures, the manifest, and photos without a face."""

    folders: Mapping[Path, int]
    manifest: Path | None
    faceless: tuple[str, ...]


def crops(
    model: str | Path | None = None,
    *,
    photos: str | Path | Photos,
    out: str | Path = "crops",
    config: str | Path | ModelDescription | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    crop: str | None = None,
    face_detector: str | Path | None = None,
    store: Store | str | Path | None = None,
    progress: Progress | None = None,
) -> CropsResult:
    """Write ``out/INPUT/PHOTO.png`` for each input that shows photos, and ``out/photos.toml``.

    These are the pictures that calibration sees, before their values are scaled. An embedding model's
    own input is ``INPUT.input``. Raises MobilekitError.
    """
    folder = Path(out)
    check_writable(folder)
    job, _ = job_asked_for(
        model,
        config=config,
        shapes=shapes,
        batch=1,
        photos=photos,
        crop=crop,
        face_detector=face_detector,
        store=opened_store(store),
        progress=progress,
    )
    assert job.photos is not None
    return _written(job, job.photos, folder)


def _written(job: Job, photos: Photos, out: Path) -> CropsResult:
    description = job.description
    source = DIALECT.load_model(job.model, shapes=open_shapes(job.model, description, job.fill))
    names = [spec.name for spec in source.inputs]
    check_described(description, job.model, inputs=names, outputs=[spec.name for spec in source.outputs])
    faces = faces_of(job, names)
    labels = dict(zip(photos.names, _labels(photos.names), strict=True))
    counts: Counter[Path] = Counter()
    for shown in shown_pictures(source.inputs, description, photos, faces):
        folder = out / safe_name(shown.input)
        _write(folder / f"{labels[shown.photo]}.png", shown.pixels)
        counts[folder] += 1
        job.progress("write pictures", max(counts.values()), len(photos))
    if not counts:
        message = f"no input of {job.model} shows photos"
        raise UsageError(message, hint='describe one in mobilekit.toml as kind = "image"')
    faceless = []
    if faces is not None:
        pairs = zip(photos.names, photos.sources, strict=True)
        faceless = [name for name, picture in pairs if faces.box(picture) is None]
    return CropsResult(folders=dict(counts), manifest=write_manifest(photos, out), faceless=tuple(faceless))


def write_manifest(photos: Photos, out: Path) -> Path | None:
    """Write ``out/photos.toml``, the photos by their hashes; None for photos that lie nowhere."""
    files = photos.files if isinstance(photos, PhotoSet) else ()
    listed = [file for file in files if isinstance(file, PhotoFile)]
    if not listed:
        return None
    atomic_write(out / MANIFEST, manifest_text(listed, out).encode())
    return out / MANIFEST


def _labels(names: tuple[str, ...]) -> list[str]:
    """File names without suffix, numbered where two photos would share one."""
    stems = [safe_name(PurePosixPath(name).with_suffix("").as_posix()) for name in names]
    return [f"{s}-{stems[:i].count(s) + 1}" if stems.count(s) > 1 else s for i, s in enumerate(stems)]


def _write(path: Path, pixels: Pixels) -> None:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    atomic_write(path, stream.getvalue())
