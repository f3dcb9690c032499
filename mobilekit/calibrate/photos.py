"""A user's photos: a folder, a .zip or a list, decoded one at a time."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from mobilekit.artifact import digest_of_bytes
from mobilekit.calibrate.photo_files import (
    DrawnPhoto,
    PhotoFile,
    promises_photo,
    scan_file,
    scan_member,
)
from mobilekit.calibrate.photo_lists import photos_of_list, photos_of_manifest
from mobilekit.errors import MissingPhotosError, PhotoError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["DrawnPhoto", "Photo", "PhotoFile", "PhotoSet", "Photos", "photo_set", "read_photos"]

_HINT = "give a folder of photos, a .zip, or a .txt file with one path a line: --photos selfies/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One decoded photo: H×W×3 uint8, sRGB, upright."""

    name: str
    pixels: npt.NDArray[np.uint8]


class Photos(Protocol):
    """Photos in a fixed order, decoded (or computed) when asked for: what every consumer takes.

    Of each photo: ``names``; ``people``, who is on it where that is known; and ``sources``, the digest
    of the picture it shows. Photos of one source show the same things at the same places, relative to
    their sizes: what a camera would make of one picture twice. ``digest`` identifies all pixels in
    their order, whatever the names are. ``skipped`` are things that lay beside the photos.
    """

    @property
    def digest(self) -> str:
        """Identifies all pixels in order, and the people on them."""

    @property
    def names(self) -> tuple[str, ...]:
        """The photos' names, in order."""

    @property
    def people(self) -> tuple[str | None, ...]:
        """Who is on each photo; None where nobody said."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The digest of the picture that each photo shows."""

    @property
    def skipped(self) -> tuple[str, ...]:
        """What lay beside the photos and is not used; folders end in ``/``."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Photo:
        """The photo of that number, decoded now. Raises PhotoError."""

    def __iter__(self) -> Iterator[Photo]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSet:
    """Photos sorted by name. Iterating decodes them one at a time and keeps none.

    ``digest`` depends on contents in their order and on people, not on files' names or places.
    ``skipped`` are what lay beside them and was not used, hidden things aside; folders end in ``/``.
    """

    files: tuple[PhotoFile | DrawnPhoto, ...]
    digest: str
    skipped: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The photos' names, in order."""
        return tuple(file.name for file in self.files)

    @property
    def people(self) -> tuple[str | None, ...]:
        """Who is on each photo; None where nobody said."""
        return tuple(file.person for file in self.files)

    @property
    def sources(self) -> tuple[str, ...]:
        """The digest of the picture that each photo shows."""
        return tuple(file.source for file in self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Photo:
        file = self.files[index]
        return Photo(name=file.name, pixels=file.pixels())

    def __iter__(self) -> Iterator[Photo]:
        return (self[index] for index in range(len(self.files)))


def preview_of(photos: Photos, index: int, side: int) -> npt.NDArray[np.uint8]:
    """The pixels of a photo, perhaps scaled down while decoding, but no side under ``side`` by that.

    Raises PhotoError.
    """
    if isinstance(photos, PhotoSet):
        return photos.files[index].preview(side)
    return photos[index].pixels


def read_photos(path: Path) -> PhotoSet:
    """The photos of a folder, a .zip, a list (.txt), a manifest (.toml), or a single photo.

    A folder without photos of its own is one of people: each of its sub-folders holds photos of one,
    who is called like it. So is a .zip with several folders. Files whose name does not promise a photo
    are ignored, hidden ones too. Every header is checked here, pixels when they are decoded. Raises
    PhotoError naming what is not an image or has an unusable size, MissingPhotosError if nothing is left.
    """
    skipped: tuple[str, ...] = ()
    kind = path.suffix.lower()
    if path.is_dir():
        found, skipped = _in_folder(path)
    elif not path.exists():
        message = f"no photos: {path} does not exist"
        raise MissingPhotosError(message, hint=_HINT)
    elif kind == ".zip":
        found, skipped = _in_zip(path)
    elif kind == ".txt":
        found = photos_of_list(path)
    elif kind == ".toml":
        found = photos_of_manifest(path)
    else:
        found = [scan_file(path.name, path)]
    if not found:
        within = "; nor in the folders there" if any(s.endswith("/") for s in skipped) else ""
        message = f"no photos in {path}{within}"
        raise MissingPhotosError(message, hint=_HINT)
    return photo_set(found, skipped=skipped)


def photo_set(files: Iterable[PhotoFile | DrawnPhoto], *, skipped: tuple[str, ...] = ()) -> PhotoSet:
    """The set of ``files``, sorted by name."""
    ordered = tuple(sorted(files, key=lambda file: (file.name, file.digest)))
    lines = (f.digest if f.person is None else f"{f.digest}\t{f.person}" for f in ordered)
    digest = digest_of_bytes("\n".join(lines).encode())
    return PhotoSet(files=ordered, digest=digest, skipped=skipped)


def _in_folder(folder: Path) -> tuple[list[PhotoFile], tuple[str, ...]]:
    """The photos in ``folder`` (else those in its sub-folders), and the names of what else is there."""
    files, folders, others = _listed(folder)
    if files:
        skipped = sorted([f"{entry.name}/" for entry in folders] + others)
        return [scan_file(file.name, file) for file in files], tuple(skipped)
    found = []
    for person in folders:
        own, deeper, more = _listed(person)
        found += [scan_file(f"{person.name}/{file.name}", file, person=person.name) for file in own]
        others += [f"{person.name}/{entry.name}/" for entry in deeper]
        others += [f"{person.name}/{name}" for name in more] if own else [f"{person.name}/"]
    return found, tuple(sorted(others))


def _listed(folder: Path) -> tuple[list[Path], list[Path], list[str]]:
    """Photos, folders and the names of other files in ``folder``, hidden ones aside."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        message = f"the photo folder {folder} cannot be read: {error}"
        raise PhotoError(message) from error
    folders = [entry for entry in entries if entry.is_dir()]
    files = [entry for entry in entries if entry not in folders]
    photos = [file for file in files if promises_photo(file.name)]
    return photos, folders, [file.name for file in files if file not in photos]


def _in_zip(file: Path) -> tuple[list[PhotoFile], tuple[str, ...]]:
    """The photos anywhere in the archive, and the names of other files, but for hidden ones."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and _visible(m.filename)]
            photos = [m for m in members if promises_photo(PurePosixPath(m.filename).name)]
            people = _people([m.filename for m in photos])
            skipped = tuple(sorted(m.filename for m in members if m not in photos))
            return [scan_member(archive, file, m, person=people[m.filename]) for m in photos], skipped
    except (OSError, zipfile.BadZipFile) as error:
        message = f"the photo archive {file} cannot be read: {error}"
        raise PhotoError(message) from error


def _people(members: list[str]) -> dict[str, str | None]:
    """Who is on each photo of an archive: the folders' names, if there are several and no photo outside."""
    folders = {member: PurePosixPath(member).parent.as_posix() for member in members}
    named = len(set(folders.values())) > 1 and "." not in folders.values()
    return {member: folder if named else None for member, folder in folders.items()}


def _visible(member: str) -> bool:
    parts = PurePosixPath(member).parts
    return not any(part.startswith(".") or part == "__MACOSX" for part in parts)
