"""Photos named in a file: a plain list, or a manifest with their hashes, which it can also write."""

from __future__ import annotations

import json
import os
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mobilekit.calibrate.photo_files import PhotoFile, scan_file, scan_member
from mobilekit.errors import PhotoError

_KEYS = ("archive", "path", "person", "sha256")
_FROM_HERE = "paths in the list start from the list's folder"
_HEAD = """\
# Photos by their SHA-256, for --photos: a file that has changed is refused.
# Where person is said, inputs that show two photos show two people.
"""


def photos_of_list(file: Path) -> list[PhotoFile]:
    """The photos named in ``file``, one a line, relative to its folder; ``#`` starts a comment line.

    After a tab a line may say who is on the photo. Raises PhotoError naming file and line.
    """
    found: list[PhotoFile] = []
    for number, line in enumerate(_text(file).splitlines(), start=1):
        name, _, person = line.strip().partition("\t")
        if not name or name.startswith("#"):
            continue
        if not (file.parent / name.strip()).is_file():
            message = f"{file}, line {number}: photo {name} does not exist"
            raise PhotoError(message, hint=_FROM_HERE)
        found.append(scan_file(name.strip(), file.parent / name.strip(), person=person.strip() or None))
    return found


def photos_of_manifest(file: Path) -> list[PhotoFile]:
    """The photos of a manifest (``[[photo]]`` with path, sha256, person, archive).

    Raises PhotoError for a photo whose bytes are not those of its sha256, and for what is no manifest.
    """
    try:
        tables = tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        message = f"the photo manifest {file} is not TOML: {error}"
        raise PhotoError(message) from error
    entries = tables.get("photo")
    if list(tables) != ["photo"] or not isinstance(entries, list):
        message = f"{file} is no photo manifest: only [[photo]] tables expected, got {', '.join(tables)}"
        raise PhotoError(message, hint="--config is for mobilekit.toml, --photos for photos")
    return [_listed(file, number, entry) for number, entry in enumerate(entries, start=1)]


def manifest_text(photos: Iterable[PhotoFile], folder: Path) -> str:
    """The manifest of photos, to be written into ``folder``; their paths start from there."""
    blocks = [_HEAD]
    for photo in photos:
        place = Path(os.path.relpath(photo.path.resolve(), folder.resolve())).as_posix()
        said = {"path": place} if photo.member is None else {"archive": place, "path": photo.member}
        said["sha256"] = photo.digest
        if photo.person is not None:
            said["person"] = photo.person
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in said.items()]
        blocks.append("\n".join(["[[photo]]", *lines, ""]))
    return "\n".join(blocks)


def _listed(file: Path, number: int, entry: Mapping[str, Any]) -> PhotoFile:
    where = f"{file}, photo {number}"
    for key, value in entry.items():
        if key not in _KEYS or not isinstance(value, str):
            message = f"{where}: {key} = {value!r}; texts called {', '.join(_KEYS)} expected"
            raise PhotoError(message)
    if not entry.get("path"):
        message = f"{where} has no path"
        raise PhotoError(message, hint=_FROM_HERE)
    photo = _found(file, where, entry)
    if entry.get("sha256", photo.digest).lower() != photo.digest:
        message = f"{where}: {photo.name} is another file: SHA-256 {photo.digest}, {entry['sha256']} expected"
        raise PhotoError(message, hint="get the file that was listed, or make the manifest anew")
    return photo


def _found(file: Path, where: str, entry: Mapping[str, str]) -> PhotoFile:
    name, person = entry["path"], entry.get("person")
    path = file.parent / entry.get("archive", name)
    if not path.is_file():
        message = f"{where}: {entry.get('archive', name)} does not exist"
        raise PhotoError(message, hint=_FROM_HERE)
    if "archive" not in entry:
        return scan_file(name, path, person=person)
    try:
        with zipfile.ZipFile(path) as archive:
            return scan_member(archive, path, archive.getinfo(name), person=person)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        message = f"{where}: {name} in {path} cannot be read: {error}"
        raise PhotoError(message) from error


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"the photo list {file} cannot be read: {error}"
        raise PhotoError(message) from error
