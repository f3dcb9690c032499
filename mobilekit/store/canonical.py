"""Writers whose bytes depend on content alone, and whose files are never half-written.

Everything is written beside its final place under a temporary name and then renamed, so that a
killed process leaves the old file or the new one. Only temporary names are left over, and the next
writer of the same folder removes them once they are stale.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mobilekit.errors import OutputError

TEMPORARY_PREFIX = ".mobilekit-tmp-"
"""Names that start so are being written; nobody else reads them."""

STALE_SECONDS = 24 * 3600.0
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_ZIP_MODE = 0o100644 << 16
_UNIX = 3
_CHUNK_BYTES = 1 << 20
_HINTS = {
    errno.ENOSPC: "free some space, or choose another folder",
    errno.EDQUOT: "your disk quota is used up; choose another folder",
    errno.EFBIG: "the file system, or a limit on this process, allows no file of this size",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENOTDIR: "a part of the path is a file; choose another folder",
    errno.EEXIST: "a file of that name is in the way; remove it or choose another folder",
    errno.EISDIR: "a folder of that name is in the way; remove it or choose another folder",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, indented by 1, ending in a newline; NaN and infinity are refused."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as :func:`canonical_json`. Raises OutputError."""
    atomic_write(path, canonical_json(value).encode())


def atomic_write(path: Path, content: bytes) -> None:
    """Write a file, or leave the old one untouched. Raises OutputError."""
    with _replacing(path) as temporary:
        temporary.write_bytes(content)


def copy_atomic(source: Path, path: Path) -> None:
    """Copy a file's content (not its dates and modes), or leave the old one. Raises OutputError."""
    with _replacing(path) as temporary:
        shutil.copyfile(source, temporary)


def write_zip(path: Path, entries: Mapping[str, bytes | Path]) -> None:
    """Write a zip of ``entries`` (name → content or file): stored, sorted, dated 1980-01-01.

    The same entries give the same bytes on every system. Raises OutputError.
    """
    with _replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(entries):
            _add(archive, name, entries[name])


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    info = zipfile.ZipInfo(name, _ZIP_DATE)
    info.create_system, info.external_attr, info.compress_type = _UNIX, _ZIP_MODE, zipfile.ZIP_STORED
    if isinstance(content, bytes):
        archive.writestr(info, content)
        return
    # The size must be known beforehand: otherwise the flags of a large entry change.
    info.file_size = content.stat().st_size
    with content.open("rb") as source, archive.open(info, "w") as entry:
        shutil.copyfileobj(source, entry, _CHUNK_BYTES)


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A new folder in ``parent`` (made if missing), removed at the end if it is still there.

    On the way in, folders of the same kind that killed processes left over a day ago are removed.
    """
    with output_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        remove_stale(parent)
        folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=parent))
        folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def replace_folder(new: Path, final: Path) -> None:
    """Put the complete folder ``new`` where ``final`` is (or is not yet). Raises OutputError.

    Both must be on one file system. A process killed in between leaves no ``final``, or the old or
    the new one, each complete; what it was replaced by or replaces stays under a temporary name.
    """
    with output_errors(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.is_dir() and not final.is_symlink():
            old = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=final.parent))
            final.rename(old / final.name)
            try:
                new.rename(final)
            except OSError:
                (old / final.name).rename(final)
                raise
            finally:
                shutil.rmtree(old, ignore_errors=True)
        else:
            new.rename(final)


def remove_stale(folder: Path, *, older_than_seconds: float = STALE_SECONDS) -> None:
    """Remove temporary files and folders in ``folder`` that nobody has touched for so long."""
    with contextlib.suppress(OSError):
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(TEMPORARY_PREFIX):
                _remove_if_older(entry, older_than_seconds)


def _remove_if_older(entry: Path, seconds: float) -> None:
    with contextlib.suppress(OSError):
        if time.time() - entry.stat().st_mtime < seconds:
            return
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink()


@contextlib.contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """OSErrors while writing ``path`` as OutputError, with the path and what to do."""
    try:
        yield
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "choose another folder")
        message = f"cannot write {path}: {error.strerror or error}"
        if (
            error.filename
            and TEMPORARY_PREFIX not in str(error.filename)
            and str(error.filename) != str(path)
        ):
            message += f" ({error.filename})"  # a file to be copied, or the part of the path at fault
        raise OutputError(message, hint=hint) from error


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` that becomes ``path`` if all goes well."""
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=path.parent)
        temporary = Path(name)
        try:
            os.close(handle)
            yield temporary
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
