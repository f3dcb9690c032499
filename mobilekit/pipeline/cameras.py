"""Calibration samples as phones' cameras would deliver them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.calibrate.inputs import input_samples
from mobilekit.calibrate.isp.camera import camera_photos
from mobilekit.pipeline.faces import faces_of

if TYPE_CHECKING:
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.pipeline.job import Job
    from mobilekit.source.graph import Graph

_ENOUGH = 64


def through_cameras(job: Job, source: Graph, samples: SampleSource) -> SampleSource:
    """``samples`` of the job's photos, each photo through the job's cameras; else ``samples`` as they are.

    A few photos go through every camera; the more there are, the fewer cameras each of them meets in
    its turn, until it is one: a large set costs what it costs without cameras.
    """
    if job.photos is None or not job.cameras or not _has_images(job, source):
        return samples
    taken = camera_photos(job.photos, job.cameras)
    # Where a face is does not depend on the camera: those on the photos as they are.
    faces = faces_of(job, [spec.name for spec in source.inputs])
    seen = input_samples(source.inputs, job.description, photos=taken, data=job.data, faces=faces)
    place = {item: index for index, item in enumerate(seen.items)}
    each = max(1, _ENOUGH // len(samples))
    wanted = camera_items(samples.items, photos=len(job.photos), cameras=len(job.cameras), each=each)
    return seen.select([place[item] for item in wanted])


def camera_items(items: tuple[int, ...], *, photos: int, cameras: int, each: int) -> list[int]:
    """Items of :func:`camera_photos` for ``items`` of the photos: one by one, ``each`` cameras in turn."""
    steps = range(min(each, cameras))
    turns = enumerate(items)
    return [((turn * len(steps) + step) % cameras) * photos + item for turn, item in turns for step in steps]


def _has_images(job: Job, source: Graph) -> bool:
    said = job.description.inputs
    names = [spec.name for spec in source.inputs if spec.name in said and spec.name not in job.data]
    return any(said[name].kind == "image" for name in names)
