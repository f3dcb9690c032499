"""A tier's folder for Android: model.tflite and manifest.json, checked for what must hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.artifact import digest_of_path
from mobilekit.package.bundle import MANIFEST_FILE
from mobilekit.package.manifest import MODEL_FILE, manifest
from mobilekit.package.tflite_facts import facts_of
from mobilekit.runtimes.tflite_file import read_border
from mobilekit.store.canonical import copy_atomic, write_json

if TYPE_CHECKING:
    from mobilekit.package.manifest import Published


def write_tier(folder: Path, model: Path, published: Published) -> Mapping[str, Any]:
    """Fill ``folder`` with the verified ``model``, its variants and the manifest, which is returned."""
    copy_atomic(model, folder / MODEL_FILE)
    for variant in published.variants:
        copy_atomic(variant.path, folder / variant.file)
    content = manifest(
        published,
        border=read_border(model),
        facts=facts_of(model),
        file_digest=digest_of_path(model),
        file_bytes=model.stat().st_size,
    )
    write_json(folder / MANIFEST_FILE, content)
    return content
