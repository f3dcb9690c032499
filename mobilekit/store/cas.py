"""The stage store: each stage's result in a folder named by the digest of what it depends on.

::

    ROOT/<stage>/<key[:2]>/<key>/files/…         what the stage built
    ROOT/<stage>/<key[:2]>/<key>/manifest.json   written last: name, size and SHA-256 of each file
    ROOT/<stage>/<key[:2]>/<key>.lock            held while the stage is built or checked
    ROOT/<stage>/<key[:2]>/.mobilekit-tmp-<key>  being built; left over only by a killed process

A power cut can leave files of the right size with the wrong content (nothing is synced to disk):
``Store(root, verify=True)`` finds those too.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobilekit.artifact import digest_of_bytes, digest_of_path
from mobilekit.errors import OutputError, StoreError
from mobilekit.store.canonical import TEMPORARY_PREFIX, remove_stale, write_json

JSON = None | bool | int | float | str | Sequence[Any] | Mapping[str, Any]

_HINT = "choose another folder with --store"
_FORMAT = "mobilekit-stage/1"
_STORE_IS_TO_BLAME = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """Where a stage's files are, whether they were there before, and their key."""

    path: Path
    cached: bool
    key: str


def default_root() -> Path:
    """The user's cache folder of this system."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("mobilekit", appauthor=False)) / "store"


def stage_key(name: str, key: Mapping[str, JSON]) -> str:
    """SHA-256 of the canonical JSON of the stage's name and all that its result depends on.

    Raises StoreError for values that are not JSON (NaN included).
    """
    try:
        text = json.dumps({"stage": name, "key": key}, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        message = f"the key of stage {name!r} is not JSON: {error}"
        raise StoreError(message) from error
    return digest_of_bytes(text.encode())


class Store:
    """A content-addressed store under ``root``; safe for several processes at once.

    ``verify=True`` checks SHA-256 digests of cached files too, not only their sizes.
    """

    def __init__(self, root: Path, *, verify: bool = False) -> None:
        self.root = root
        self._verify = verify

    def stage(self, name: str, key: Mapping[str, JSON], build: Callable[[Path], None]) -> StageResult:
        """The folder that ``build(folder)`` filled, now or in an earlier run with the same key.

        ``build`` gets an empty folder; what it raises is passed on, and nothing is kept. A damaged
        entry is built again. Raises StoreError if the store cannot be read or written.
        """
        digest = stage_key(name, key)
        entry = self.root / name / digest[:2] / digest
        if self._complete(entry):
            _touch(entry)
            return StageResult(path=entry / "files", cached=True, key=digest)
        with _locked(entry):
            # Another process may have built it while this one waited.
            if self._complete(entry):
                return StageResult(path=entry / "files", cached=True, key=digest)
            _build(entry, name, key, build)
        return StageResult(path=entry / "files", cached=False, key=digest)

    def _complete(self, entry: Path) -> bool:
        """Whether every file of the manifest is there, and nothing else, at its size."""
        try:
            manifest = json.loads((entry / "manifest.json").read_bytes())
            listed = {file["name"]: file for file in manifest["files"]}
            if manifest["format"] != _FORMAT or listed.keys() != set(_names(entry / "files")):
                return False
            return all(self._intact(entry / "files" / name, file) for name, file in listed.items())
        except (OSError, ValueError, LookupError, TypeError):
            return False  # not built yet, or damaged: both are cured by building

    def _intact(self, path: Path, file: Mapping[str, Any]) -> bool:
        if path.stat().st_size != file["size_bytes"]:
            return False
        return not self._verify or digest_of_path(path) == file["sha256"]


def _build(entry: Path, name: str, key: Mapping[str, JSON], build: Callable[[Path], None]) -> None:
    """Build beside ``entry``, then rename. Only the holder of the entry's lock comes here."""
    temporary = entry.with_name(f"{TEMPORARY_PREFIX}{entry.name}")
    files = temporary / "files"
    try:
        with _store_errors(entry):
            remove_stale(entry.parent)
            for leftover in (temporary, entry):  # of a killed build; damaged
                if leftover.exists():
                    shutil.rmtree(leftover)
            files.mkdir(parents=True)
        with _full_disk_errors(entry):
            build(files)
        with _store_errors(entry):
            manifest = {"format": _FORMAT, "stage": name, "key": dict(key), "files": _listed(files)}
            write_json(temporary / "manifest.json", manifest)
            temporary.rename(entry)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _names(files: Path) -> list[str]:
    return sorted(path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file())


def _listed(files: Path) -> list[dict[str, Any]]:
    paths = {name: files / name for name in _names(files)}
    return [
        {"name": name, "size_bytes": path.stat().st_size, "sha256": digest_of_path(path)}
        for name, path in paths.items()
    ]


def _touch(entry: Path) -> None:
    """Note that the entry was used (a read-only store serves as well)."""
    with contextlib.suppress(OSError):
        os.utime(entry / "manifest.json")


@contextlib.contextmanager
def _locked(entry: Path) -> Iterator[None]:
    """Hold the entry's lock; the system lets go of it when the process dies, however it dies."""
    from filelock import FileLock

    lock = FileLock(entry.with_name(f"{entry.name}.lock"))
    with _store_errors(entry):
        entry.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _store_errors(entry: Path) -> Iterator[None]:
    """Whatever the file system refuses here is the store's fault."""
    try:
        yield
    except OutputError as error:
        raise StoreError(error.message, hint=_HINT) from error
    except (OSError, NotImplementedError) as error:  # the latter: a file system without locks
        reason = getattr(error, "strerror", None) or str(error)
        message = f"cannot use the stage store at {entry.parent}: {reason}"
        raise StoreError(message, hint=_HINT) from error


@contextlib.contextmanager
def _full_disk_errors(entry: Path) -> Iterator[None]:
    """A builder writes to the store only: a full or read-only disk is the store's fault as well."""
    try:
        yield
    except OutputError as error:
        raise StoreError(error.message, hint=_HINT) from error
    except OSError as error:
        if error.errno not in _STORE_IS_TO_BLAME:
            raise
        message = f"cannot write to the stage store at {entry.parent}: {error.strerror}"
        raise StoreError(message, hint=_HINT) from error
