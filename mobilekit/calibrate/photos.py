"""A user's photos: a folder, a .zip or a list file, decoded one at a time."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Protocol

from mobilekit.artifact import digest_of_bytes
from mobilekit.calibrate import decode
from mobilekit.errors import MissingPhotosError, PhotoError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_CHUNK_BYTES = 1 << 20
_LARGEST_MEMBER_BYTES = 1 << 30
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
        """Identifies all pixels, in order."""

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
class PhotoFile:
    """One photo's name, the SHA-256 of its encoded bytes, and where they are (``member`` of a zip)."""

    name: str
    digest: str
    path: Path
    member: str | None = None
    person: str | None = None

    @property
    def source(self) -> str:
        """The picture that is shown: the file's own."""
        return self.digest

    def pixels(self) -> npt.NDArray[np.uint8]:
        """The decoded picture: H×W×3 uint8. Raises PhotoError."""
        with self._open() as stream:
            return decode.decode(stream, self.name)

    def _open(self) -> BinaryIO:
        """The encoded bytes, seekable. Raises PhotoError if they cannot be read."""
        try:
            if self.member is None:
                return self.path.open("rb")
            with zipfile.ZipFile(self.path) as archive:
                return io.BytesIO(archive.read(self.member))
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            message = f"photo {self.name} cannot be read: {error}"
            raise PhotoError(message) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPhoto:
    """A photo that is drawn when it is asked for; ``digest`` identifies what ``draw`` gives.

    ``made_from`` is the source of the photo that it is a version of, if it is one.
    """

    name: str
    digest: str
    draw: Callable[[], npt.NDArray[np.uint8]]
    person: str | None = None
    made_from: str | None = None

    @property
    def source(self) -> str:
        """The picture that is shown: the photo's own, unless it is a version of another's."""
        return self.made_from or self.digest

    def pixels(self) -> npt.NDArray[np.uint8]:
        """The picture: H×W×3 uint8."""
        return self.draw()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSet:
    """Photos sorted by name. Iterating decodes them one at a time and keeps none.

    ``digest`` depends on the contents in their order, not on names or places. ``skipped`` are what
    lay beside them and was not used, hidden things aside; folders end in ``/``.
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


def read_photos(path: Path) -> PhotoSet:
    """The photos of a folder (not its subfolders), a .zip, a list file (.txt), or a single photo.

    Files whose name does not promise a photo are ignored, hidden ones too. Every header is checked
    here, pixels when they are decoded. Raises PhotoError naming what is not an image or has an
    unusable size, MissingPhotosError if nothing is left.
    """
    skipped: tuple[str, ...] = ()
    if path.is_dir():
        found, skipped = _in_folder(path)
    elif not path.exists():
        message = f"no photos: {path} does not exist"
        raise MissingPhotosError(message, hint=_HINT)
    elif path.suffix.lower() == ".zip":
        found, skipped = _in_zip(path)
    elif path.suffix.lower() == ".txt":
        found = _in_list(path)
    else:
        found = [_scan(path.name, path)]
    if not found:
        within = "; sub-folders are not looked into" if any(s.endswith("/") for s in skipped) else ""
        message = f"no photos in {path}{within}"
        raise MissingPhotosError(message, hint=_HINT)
    return photo_set(found, skipped=skipped)


def photo_set(files: Iterable[PhotoFile | DrawnPhoto], *, skipped: tuple[str, ...] = ()) -> PhotoSet:
    """The set of ``files``, sorted by name."""
    ordered = tuple(sorted(files, key=lambda file: (file.name, file.digest)))
    digest = digest_of_bytes("\n".join(f.digest for f in ordered).encode())
    return PhotoSet(files=ordered, digest=digest, skipped=skipped)


def _promises_photo(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in decode.SUFFIXES


def _in_folder(folder: Path) -> tuple[list[PhotoFile], tuple[str, ...]]:
    """The photos in ``folder``, and the names of what else is there."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        message = f"the photo folder {folder} cannot be read: {error}"
        raise PhotoError(message) from error
    files = [entry for entry in entries if _promises_photo(entry.name) and not entry.is_dir()]
    others = [entry for entry in entries if entry not in files and not entry.name.startswith(".")]
    skipped = tuple(f"{entry.name}/" if entry.is_dir() else entry.name for entry in others)
    return [_scan(file.name, file) for file in files], skipped


def _in_list(file: Path) -> list[PhotoFile]:
    """The photos named in ``file``, one a line, relative to its folder; ``#`` starts a comment line."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"the photo list {file} cannot be read: {error}"
        raise PhotoError(message) from error
    found: list[PhotoFile] = []
    for number, line in enumerate(lines, start=1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        if not (file.parent / name).is_file():
            message = f"{file}, line {number}: photo {name} does not exist"
            raise PhotoError(message, hint="paths in the list start from the list's folder")
        found.append(_scan(name, file.parent / name))
    return found


def _in_zip(file: Path) -> tuple[list[PhotoFile], tuple[str, ...]]:
    """The photos anywhere in the archive, and the names of other files, but for hidden ones."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and _visible(m.filename)]
            photos = [m for m in members if _promises_photo(PurePosixPath(m.filename).name)]
            skipped = tuple(sorted(m.filename for m in members if m not in photos))
            return [_scan_member(archive, file, member) for member in photos], skipped
    except (OSError, zipfile.BadZipFile) as error:
        message = f"the photo archive {file} cannot be read: {error}"
        raise PhotoError(message) from error


def _visible(member: str) -> bool:
    parts = PurePosixPath(member).parts
    return not any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _scan(name: str, path: Path) -> PhotoFile:
    try:
        with path.open("rb") as stream:
            digest = _digest(stream)
            stream.seek(0)
            decode.check(stream, name)
    except OSError as error:
        message = f"photo {name} cannot be read: {error}"
        raise PhotoError(message) from error
    return PhotoFile(name=name, digest=digest, path=path)


def _scan_member(archive: zipfile.ZipFile, file: Path, member: zipfile.ZipInfo) -> PhotoFile:
    name = member.filename
    if member.file_size > _LARGEST_MEMBER_BYTES:
        message = f"photo {name} in {file} is too large: {member.file_size} bytes"
        raise PhotoError(message)
    try:
        content = archive.read(member)
    except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        message = f"photo {name} in {file} cannot be read: {error}"
        raise PhotoError(message) from error
    decode.check(io.BytesIO(content), name)
    return PhotoFile(name=name, digest=digest_of_bytes(content), path=file, member=name)


def _digest(stream: BinaryIO) -> str:
    state = hashlib.sha256()
    while chunk := stream.read(_CHUNK_BYTES):
        state.update(chunk)
    return state.hexdigest()
