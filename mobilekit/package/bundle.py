"""The zip that is published for one tier: its model and its manifest, byte-stable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mobilekit.store.canonical import write_zip

MANIFEST_FILE = "manifest.json"
PLAN_FILE = "plan.json"


def bundle_name(*, name: str, version: str, target: str, tier: str) -> str:
    """``<name>-<version>-<target>-<tier>.zip``."""
    return f"{name}-{version}-{target}-{tier}.zip"


def write_bundle(path: Path, folder: Path, *, model: str, variants: Sequence[str] = ()) -> None:
    """Zip manifest, ``model`` (a file or a folder) and ``variants`` of the tier's ``folder``.

    Stored, sorted, with fixed dates. Raises OutputError.
    """
    files = [folder / MANIFEST_FILE, folder / model]
    if files[1].is_dir():
        files[1:] = sorted(file for file in files[1].rglob("*") if file.is_file())
    files += [folder / name for name in variants]
    write_zip(path, {file.relative_to(folder).as_posix(): file for file in files})
