"""What commands print: data to stdout; progress, notes and summaries to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.table import Table


def print_json(value: Any) -> None:
    """``value`` as JSON on stdout."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=str))


def note(text: str) -> None:
    """A line for the person at the terminal."""
    print(text, file=sys.stderr)


def print_table(table: Table) -> None:
    """A rich table on stdout, as wide as the terminal; plain where stdout is none."""
    from rich.console import Console

    Console(highlight=False).print(table)


def print_files(files: Iterable[tuple[Path, int, str | None]]) -> None:
    """The closing summary on stderr: path, size and SHA-256 of each file written.

    None instead of a digest is a file of measurements, which no second run repeats.
    """
    rows = [
        (str(path), human_size(size_bytes), f"sha256 {digest}" if digest else "(measured)")
        for path, size_bytes, digest in files
    ]
    width = max((len(path) for path, _, _ in rows), default=0)
    for path, size, digest in rows:
        note(f"{path:<{width}}  {size:>9}  {digest}")


def human_size(size_bytes: int) -> str:
    """A size for people, in decimal units: ``3.4 MB``."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.1f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


class Bars(AbstractContextManager["Bars"]):
    """Progress bars on stderr, a bar per step; nothing at all where stderr is no terminal.

    An instance is the ``progress`` of the pipeline: ``bars(step, done, total)``.
    """

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._progress = Progress(console=Console(stderr=True), transient=True)
            self._progress.start()
        return self

    def __call__(self, step: str, done: int, total: int) -> None:
        if self._progress is None:
            return
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(step, total=total)
        self._progress.update(self._tasks[step], completed=done, total=total)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
