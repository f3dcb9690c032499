"""From the keywords of the Python functions to a job: once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.pipeline.demo_photos import demo_photos
from mobilekit.pipeline.job import (
    Fill,
    Job,
    described,
    is_demo,
    opened_cameras,
    opened_photos,
    opened_statistics,
)
from mobilekit.pipeline.keys import model_key
from mobilekit.pipeline.keywords import checked_shapes
from mobilekit.pipeline.progress import Progress, silent

if TYPE_CHECKING:
    from mobilekit.calibrate.isp.selection import Cameras
    from mobilekit.calibrate.photos import Photos
    from mobilekit.calibrate.statistics import Statistics
    from mobilekit.description import ModelDescription
    from mobilekit.store.cas import Store
    from mobilekit.tensors import Feed


def job_asked_for(
    model: str | Path | None,
    *,
    config: str | Path | ModelDescription | None,
    shapes: Mapping[str, Sequence[int]] | None,
    photos: str | Path | Photos | None,
    crop: str | None,
    face_detector: str | Path | None,
    store: Store,
    progress: Progress | None,
    inputs: Mapping[str, Mapping[str, object]] | None = None,
    data: Mapping[str, str | Path] | None = None,
    samples: Sequence[Feed] | None = None,
    camera: Cameras = None,
    statistics: str | Path | Statistics | None = None,
    batch: int | None = None,
    own_photos: bool = False,
    **others: Any,
) -> tuple[Job, bool]:
    """The job, and whether anything describes its model.

    ``own_photos``: the demo's are taken for it where neither photos nor samples are given. ``others``
    are fields of :class:`Job`. Raises MobilekitError.
    """
    path, description, known = described(
        Path(model) if model is not None else None,
        config=config,
        inputs=inputs,
        crop=crop,
        face_detector=face_detector,
    )
    found = opened_photos(photos)
    if own_photos and found is None and samples is None and is_demo(path):
        found = demo_photos(store, progress or silent)
    job = Job(
        model=path,
        model_key=model_key(path, store),
        description=description,
        photos=found,
        data={name: Path(file) for name, file in (data or {}).items()},
        samples=samples,
        cameras=opened_cameras(camera),
        statistics=opened_statistics(statistics),
        fill=Fill(shapes=checked_shapes(shapes), batch=batch),
        store=store,
        progress=progress or silent,
        **others,
    )
    return job, known
