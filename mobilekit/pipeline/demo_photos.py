"""The demo's own photos, for a model that is the demo's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit import resources
from mobilekit.artifact import digest_of_path
from mobilekit.pipeline.job import opened_photos
from mobilekit.pipeline.keys import build_key

if TYPE_CHECKING:
    from mobilekit.calibrate.photos import Photos
    from mobilekit.pipeline.progress import Progress
    from mobilekit.store.cas import Store

_SIZE = 512


def demo_photos(store: Store, progress: Progress) -> Photos:
    """The demo's photos, drawn once into the store."""
    manifest = resources.demo_photos()
    key = {"photos": digest_of_path(manifest), "size": _SIZE, **build_key()}

    def build(folder: Path) -> None:
        from PIL import Image

        from mobilekit.demo.photos import read_manifest, render_photos

        total = len(read_manifest(manifest))
        for number, (name, pixels) in enumerate(render_photos(manifest, size=_SIZE)):
            progress("draw the demo's photos", number, total)
            Image.fromarray(pixels).save(folder / f"{name}.png", compress_level=1)
        progress("draw the demo's photos", total, total)

    found = opened_photos(store.stage("demo-photos", key, build).path)
    assert found is not None
    return found
