"""What became of ``--photos``: how many are used, and what was passed over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.calibrate.photos import PhotoSet

_SHOWN = 3


def opened_photos(path: Path | None) -> PhotoSet | None:
    """The photos of ``--photos``. Raises what ``read_photos`` raises."""
    if path is None:
        return None
    from mobilekit.calibrate.photos import read_photos

    return read_photos(path)


def summary(path: Path, count: int, skipped: tuple[str, ...]) -> str:
    """``3 photos from selfies; 2 entries that are no photos skipped: more/ (a folder), notes.txt``."""
    text = f"{count} photo{'s' if count != 1 else ''} from {path}"
    if not skipped:
        return text
    names = [f"{name} (a folder)" if name.endswith("/") else name for name in skipped[:_SHOWN]]
    entries = "entry that is no photo" if len(skipped) == 1 else "entries that are no photos"
    more = ", …" if len(skipped) > _SHOWN else ""
    return f"{text}; {len(skipped)} {entries} skipped: {', '.join(names)}{more}"
