"""The zip that is published for one tier: its model and its manifest, byte-stable."""

from __future__ import annotations

from pathlib import Path

from mobilekit.store.canonical import write_zip

MANIFEST_FILE = "manifest.json"
PLAN_FILE = "plan.json"


def bundle_name(*, name: str, version: str, target: str, tier: str) -> str:
    """``<name>-<version>-<target>-<tier>.zip``."""
    return f"{name}-{version}-{target}-{tier}.zip"


def write_bundle(path: Path, folder: Path, *, model: str) -> None:
    """Zip manifest and ``model`` (a file or a folder) of the tier's ``folder``: stored, sorted, fixed dates.

    Raises OutputError.
    """
    files = [folder / MANIFEST_FILE, folder / model]
    if files[1].is_dir():
        files[1:] = sorted(file for file in files[1].rglob("*") if file.is_file())
    write_zip(path, {file.relative_to(folder).as_posix(): file for file in files})
