"""Progress of long steps, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Called with the step's name, how much is done and how much there is in all."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


def silent(step: str, done: int, total: int) -> None:
    """Shows nothing."""


def counting(progress: Progress, step: str) -> Callable[[int, int], None]:
    """``progress`` for one ``step``, as the stages below want it."""

    def report(done: int, total: int) -> None:
        progress(step, done, total)

    return report
