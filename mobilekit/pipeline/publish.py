"""From the store to the output folder: each folder and file appears whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from mobilekit.artifact import digest_of_bytes, digest_of_path, size_of_path
from mobilekit.errors import OutputError
from mobilekit.package.bundle import MANIFEST_FILE, PLAN_FILE
from mobilekit.pipeline.results import WrittenFile
from mobilekit.pipeline.tier_build import FILES
from mobilekit.store.canonical import copy_atomic, output_errors, replace_folder, temporary_folder

REPORT_FILE = "report.json"


def lock_of(out: Path, store: Path) -> FileLock:
    """Held while something is published to ``out``, so that two builds do not swap one folder at once."""
    locks = store / "publish"
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"{digest_of_bytes(str(out.resolve()).encode())}.lock")


def check_writable(out: Path) -> None:
    """Fail before hours of work rather than after. Raises OutputError."""
    with temporary_folder(out):
        pass


def publish_folder(stage: Path, final: Path) -> None:
    """Put the folder of a tier's stage at ``final``, unless the same is there. Raises OutputError."""
    _publish_folder(stage / FILES, final)


def publish_package(source: Path, final: Path) -> WrittenFile:
    """Copy a model that is a folder (.mlpackage), unless the same is there. Raises OutputError."""
    _publish_folder(source, final)
    return written(final)


def _publish_folder(source: Path, final: Path) -> None:
    if final.is_dir() and digest_of_path(final) == digest_of_path(source):
        return
    with temporary_folder(final.parent) as temporary:
        with output_errors(final):
            shutil.copytree(source, temporary / final.name, copy_function=shutil.copyfile)
        replace_folder(temporary / final.name, final)


def publish_file(source: Path, final: Path) -> WrittenFile:
    """Copy a file, unless the same is there. Raises OutputError."""
    if not (final.is_file() and digest_of_path(final) == digest_of_path(source)):
        copy_atomic(source, final)
    return written(final)


def written(path: Path) -> WrittenFile:
    """A file, or a folder that is one model, as it is on disk. Raises OutputError if it is gone."""
    try:
        return WrittenFile(path=path, size_bytes=size_of_path(path), digest=digest_of_path(path))
    except OSError as error:
        message = f"{path} disappeared while it was being published: {error.strerror}"
        raise OutputError(message, hint="does something else write to this folder?") from error


def tier_files(folder: Path, model: str) -> tuple[WrittenFile, WrittenFile, WrittenFile | None]:
    """The ``model`` and the manifest of a published tier, and its plan where it is quantised by one."""
    plan = folder / PLAN_FILE
    return written(folder / model), written(folder / MANIFEST_FILE), written(plan) if plan.is_file() else None


def report_is_about(entry: Mapping[str, Any], folder: Path) -> bool:
    """Whether a tier's entry of an earlier report is about the file that lies in ``folder``."""
    model = folder / entry["file"]
    return model.exists() and entry.get("sha256") == digest_of_path(model)
