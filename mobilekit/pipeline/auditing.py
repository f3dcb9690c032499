"""What a job's photos cover: each picture measured once, then kept in the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.pipeline.keys import build_key
from mobilekit.store.canonical import write_json

if TYPE_CHECKING:
    from mobilekit.calibrate.audit import Audit, Stability
    from mobilekit.calibrate.photos import Photos
    from mobilekit.pipeline.progress import Progress
    from mobilekit.store.cas import Store

_FILE = "measures.json"
_SIDE = 512  # pixels: what the audit looks at needs no more, and a JPEG is decoded to it in half the time


def audit_photos(
    photos: Photos, *, store: Store, progress: Progress, stability: Stability | None = None
) -> Audit:
    """The audit of ``photos``. Raises PhotoError for one that cannot be decoded."""
    from mobilekit.calibrate.audit import audit
    from mobilekit.calibrate.audit.measure import measures_from_json

    key = {"pictures": list(photos.sources), **build_key()}
    found = store.stage("audit", key, lambda folder: _measure(photos, folder, progress)).path / _FILE
    measured = [measures_from_json(plain) for plain in json.loads(found.read_text(encoding="utf-8"))]
    return audit(zip(photos.names, measured, strict=True), stability=stability)


def _measure(photos: Photos, folder: Path, progress: Progress) -> None:
    from mobilekit.calibrate.audit import measure
    from mobilekit.calibrate.audit.measure import measures_as_json
    from mobilekit.calibrate.photos import preview_of

    measured = []
    for index in range(len(photos)):
        progress("audit photos", index, len(photos))
        measured.append(measures_as_json(measure(preview_of(photos, index, _SIDE))))
    progress("audit photos", len(photos), len(photos))
    write_json(folder / _FILE, measured)
