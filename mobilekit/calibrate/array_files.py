"""Arrays in .npy and .npz files, read a row at a time where they are many samples."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from mobilekit.errors import InputDataError

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_SAVE = "save it with numpy.save, without objects"
_UNREADABLE = (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayFile:
    """One array in a .npy file, or under ``member`` in a .npz file; nothing of it is kept in memory."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    member: str | None = None

    def whole(self) -> Array:
        """The array; mapped and not read where that is possible."""
        return np.load(self.path, mmap_mode="r", allow_pickle=False) if self.member is None else self._read()

    def row(self, number: int) -> Array:
        """One entry of the leading axis."""
        if self.member is None:
            return np.array(self.whole()[number])
        return self._read(number)

    def _read(self, number: int | None = None) -> Array:
        with zipfile.ZipFile(self.path) as archive, archive.open(f"{self.member}.npy") as stream:
            shape, by_columns, dtype = _header(stream)  # type: ignore[arg-type]
            if number is None or by_columns:
                count, start = int(np.prod(shape, dtype=np.int64)), 0
            else:
                count = int(np.prod(shape[1:], dtype=np.int64))
                start = number * count * dtype.itemsize
            stream.seek(stream.tell() + start)
            flat = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
        if by_columns:
            array = flat.reshape(shape, order="F")
            return array if number is None else array[number]
        return flat.reshape(shape if number is None else shape[1:])


def open_array(name: str, path: Path) -> ArrayFile:
    """The array of the input ``name`` in a file; in a .npz it is the one of that name, or the only one.

    Raises InputDataError where there is none; pickles are refused.
    """
    if not path.exists():
        message = f"input {name}: {path}: no such file"
        raise InputDataError(message, hint="give a .npy or .npz file, or a folder of .npy files")
    try:
        with path.open("rb") as stream:
            is_archive = stream.read(2) == b"PK"
        member = _member(name, path) if is_archive else None
        if member is None:
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            return ArrayFile(path=path, shape=mapped.shape, dtype=mapped.dtype)
        with zipfile.ZipFile(path) as archive, archive.open(f"{member}.npy") as stream:
            shape, _, dtype = _header(stream)  # type: ignore[arg-type]
    except _UNREADABLE as error:
        message = f"input {name}: {path} is not a readable .npy or .npz file"
        raise InputDataError(message, hint=_SAVE) from error
    return ArrayFile(path=path, shape=shape, dtype=dtype, member=member)


def load_array(name: str, path: Path) -> Array:
    """The whole array of the input ``name`` in a file. Raises InputDataError."""
    return open_array(name, path).whole()


def _member(name: str, path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = sorted(m.removesuffix(".npy") for m in archive.namelist() if m.endswith(".npy"))
    if name in names:
        return name
    if len(names) == 1:
        return names[0]
    message = f"input {name}: {path} has no array of that name, but {', '.join(names) or 'none at all'}"
    raise InputDataError(message, hint=f"save it with numpy.savez(…, **{{{name!r}: array}})")


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, column order and type of the array whose numbers follow in ``stream``."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(stream)
    if dtype.hasobject:
        message = "objects"
        raise ValueError(message)
    return shape, by_columns, dtype
