"""weight.bin, the file of a package's large constants: MIL's blob storage, version 2.

::

    0       uint32 count of blobs, uint32 version (2), 56 bytes reserved
    offset  uint32 0xDEADBEEF, uint32 element type, uint64 size in bytes, uint64 offset of the data,
            uint64 padding in bits, 32 bytes reserved; then the data, at a multiple of 64 bytes

Elements narrower than a byte are packed without gaps, the first in the lowest bits; ``padding in bits``
says how much of the last byte is unused. Source: StorageFormat.hpp of coremltools' mlmodel.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import ModelFileError
from mobilekit.runtimes.mil_reference.types import BITS, STORED

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_HEADER = struct.Struct("<II56x")
_RECORD = struct.Struct("<IIQQQ32x")
_SENTINEL = 0xDEADBEEF
_VERSION = 2
_DTYPES = {
    1: "fp16",
    2: "fp32",
    3: "uint8",
    4: "int8",
    6: "int16",
    7: "uint16",
    8: "int4",
    9: "uint1",
    10: "uint2",
    11: "uint4",
    12: "uint3",
    13: "uint6",
    14: "int32",
    15: "uint32",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobFile:
    """The bytes of a weight file, mapped into memory, not read."""

    path: Path
    data: Array

    def read(self, offset: int, dtype: str) -> Array:
        """The elements of the blob whose record is at ``offset``, as a vector.

        Raises ModelFileError if there is no record, or if it holds another type than ``dtype``.
        """
        sentinel, code, size, start, padding = self._record(offset)
        found = _DTYPES.get(code, f"type {code}")
        if sentinel != _SENTINEL or start + size > len(self.data):
            message = f"{self.path}: no blob at offset {offset}"
            raise ModelFileError(message, hint="the package is truncated or was changed; convert again")
        if found != dtype:
            message = f"{self.path}: the blob at offset {offset} holds {found}, the program says {dtype}"
            raise ModelFileError(message, hint="the package was changed; convert again")
        content = self.data[start : start + size]
        if dtype in BITS:
            return unpacked(content, dtype, count=(8 * size - padding) // BITS[dtype])
        return content.view(np.dtype(STORED[dtype]).newbyteorder("<"))

    def _record(self, offset: int) -> tuple[int, int, int, int, int]:
        record = bytes(self.data[offset : offset + _RECORD.size])
        return _RECORD.unpack(record) if len(record) == _RECORD.size else (0, 0, 0, 0, 0)


def open_blobs(path: Path) -> BlobFile:
    """Map a weight file. Raises ModelFileError if it is missing, or of another format."""
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
    except (OSError, ValueError) as error:
        message = f"{path}: cannot be read: {error}"
        raise ModelFileError(message, hint="copy the whole .mlpackage folder") from error
    header = bytes(data[: _HEADER.size])
    if len(header) < _HEADER.size or _HEADER.unpack(header)[1] != _VERSION:
        message = f"{path}: not a weight file of version {_VERSION}"
        raise ModelFileError(message, hint="the package is truncated or was changed; convert again")
    return BlobFile(path=path, data=data)


def unpacked(content: Array, dtype: str, *, count: int) -> Array:
    """``count`` elements of a type narrower than a byte, from packed bytes, one to a byte."""
    width = BITS[dtype]
    bits = np.unpackbits(np.asarray(content, np.uint8), count=count * width, bitorder="little")
    weights = (1 << np.arange(width)).astype(np.uint8)
    values = (bits.reshape(count, width) * weights).sum(axis=1, dtype=np.uint8)
    if not dtype.startswith("int"):
        return values
    # Two's complement: the highest bit counts negative.
    sign = 1 << (width - 1)
    return ((values.astype(np.int16) ^ sign) - sign).astype(np.int8)
