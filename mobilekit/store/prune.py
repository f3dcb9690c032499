"""Keep a store under a size: the entries that were not used for longest go first."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_IN_USE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    used: float
    size_bytes: int
    path: Path


def prune(root: Path, *, limit_bytes: int, in_use_seconds: float = _IN_USE_SECONDS) -> int:
    """Remove entries until ``root`` holds at most ``limit_bytes``; return the bytes removed.

    Entries used within ``in_use_seconds`` stay, since a build may still be reading them.
    """
    entries = sorted(_entries(root), key=lambda entry: (entry.used, entry.path))
    excess = sum(entry.size_bytes for entry in entries) - limit_bytes
    removed = 0
    newest = time.time() - in_use_seconds
    for entry in entries:
        if removed >= excess or entry.used > newest:
            break
        # The manifest goes first: without it the rest is no entry, should this be interrupted.
        with contextlib.suppress(OSError):
            (entry.path / "manifest.json").unlink()
            shutil.rmtree(entry.path)
            removed += entry.size_bytes
    return removed


def _entries(root: Path) -> Iterator[_Entry]:
    for manifest in root.glob("*/??/*/manifest.json"):
        with contextlib.suppress(OSError):
            sizes = [p.stat().st_size for p in manifest.parent.rglob("*") if p.is_file()]
            yield _Entry(used=manifest.stat().st_mtime, size_bytes=sum(sizes), path=manifest.parent)
