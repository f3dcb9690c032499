"""The faces on a job's photos: looked for once, then kept in the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.calibrate.faces import Faces, find_faces
from mobilekit.description import shows_faces
from mobilekit.pipeline.keys import build_key, data_key, description_key
from mobilekit.pipeline.progress import counting

if TYPE_CHECKING:
    from mobilekit.pipeline.job import Job

_FILE = "faces.json"


def faces_of(job: Job, inputs: Sequence[str]) -> Faces | None:
    """The faces on the photos; None where none of the model's ``inputs`` shows any.

    A picture is looked at once, whatever else of the job changes. Raises what finding them raises.
    """
    photos = job.photos
    if photos is None or not shows_faces(job.description, [name for name in inputs if name not in job.data]):
        return None
    key = {
        "pictures": sorted(set(photos.sources)),
        "said": description_key(job.description)["faces"],
        "detector": data_key(job.description, job.data, job.store).get("[crop]"),
        **build_key(),
    }

    def build(folder: Path) -> None:
        found = find_faces(photos, job.description, progress=counting(job.progress, "find faces"))
        (folder / _FILE).write_text(found.to_json(), encoding="utf-8")

    return Faces.from_json((job.store.stage("faces", key, build).path / _FILE).read_text(encoding="utf-8"))
