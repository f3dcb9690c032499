"""A file (or package folder) that a stage made, and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One converted model: ``path`` is the .tflite file or the .mlpackage folder.

    ``digest`` is the lower-case hexadecimal SHA-256 of the content; ``meta`` is JSON-serialisable.
    """

    kind: str
    digest: str
    path: Path
    meta: Mapping[str, Any] = field(default_factory=dict)


def digest_of_bytes(content: bytes) -> str:
    """SHA-256 of ``content``, lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest_of_path(path: Path) -> str:
    """SHA-256 of a file, or of a folder's sorted relative names and contents."""
    state = hashlib.sha256()
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            state.update(f"{file.relative_to(path).as_posix()}\0{digest_of_path(file)}\n".encode())
        return state.hexdigest()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()


def size_of_path(path: Path) -> int:
    """Bytes of a file, or of all files in a folder. Raises OSError where it is gone."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size
