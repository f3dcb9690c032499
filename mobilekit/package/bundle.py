"""The zip that is published for one tier: its model and its manifest, byte-stable."""

from __future__ import annotations

from pathlib import Path

from mobilekit.package.manifest import MODEL_FILE
from mobilekit.store.canonical import write_zip

MANIFEST_FILE = "manifest.json"
PLAN_FILE = "plan.json"


def bundle_name(*, name: str, version: str, target: str, tier: str) -> str:
    """``<name>-<version>-<target>-<tier>.zip``."""
    return f"{name}-{version}-{target}-{tier}.zip"


def write_bundle(path: Path, folder: Path) -> None:
    """Zip model and manifest of the tier's ``folder`` (stored, sorted, fixed dates). Raises OutputError."""
    write_zip(path, {name: folder / name for name in (MANIFEST_FILE, MODEL_FILE)})
