"""Single photos: files, members of an archive, drawings; named and hashed, decoded when asked for."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from mobilekit.artifact import digest_of_bytes
from mobilekit.calibrate import decode
from mobilekit.errors import PhotoError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_CHUNK_BYTES = 1 << 20
_LARGEST_MEMBER_BYTES = 1 << 30


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
        return self.preview(None)

    def preview(self, side: int | None) -> npt.NDArray[np.uint8]:
        """The picture, perhaps smaller, though not by this under ``side`` pixels. Raises PhotoError."""
        with self._open() as stream:
            return decode.decode(stream, self.name, side=side)

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

    def preview(self, side: int | None) -> npt.NDArray[np.uint8]:
        """The picture."""
        del side
        return self.draw()


def promises_photo(name: str) -> bool:
    """Whether a file's name is that of a photo which is not hidden."""
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in decode.SUFFIXES


def scan_file(name: str, path: Path, *, person: str | None = None) -> PhotoFile:
    """The photo in a file, hashed and its header checked. Raises PhotoError."""
    try:
        with path.open("rb") as stream:
            digest = _digest(stream)
            stream.seek(0)
            decode.check(stream, name)
    except OSError as error:
        message = f"photo {name} cannot be read: {error}"
        raise PhotoError(message) from error
    return PhotoFile(name=name, digest=digest, path=path, person=person)


def scan_member(
    archive: zipfile.ZipFile, file: Path, member: zipfile.ZipInfo, *, person: str | None = None
) -> PhotoFile:
    """The photo in a member of the archive ``file``, hashed and its header checked. Raises PhotoError."""
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
    return PhotoFile(name=name, digest=digest_of_bytes(content), path=file, member=name, person=person)


def _digest(stream: BinaryIO) -> str:
    state = hashlib.sha256()
    while chunk := stream.read(_CHUNK_BYTES):
        state.update(chunk)
    return state.hexdigest()
