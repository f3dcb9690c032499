"""Accelerators that are none: the CPU's session, with what a GPU or an NPU could do wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mobilekit.errors import AcceleratorError, MobilekitError
from mobilekit.pipeline import accelerator_check
from mobilekit.runtimes import open_runtime, presence
from mobilekit.runtimes.acceleration import Acceleration, Refusal
from mobilekit.runtimes.base import Availability
from mobilekit.runtimes.presence import Presence

Change = Callable[[np.ndarray], np.ndarray]


class Fake:
    """A session of the CPU that says it is an accelerator; ``change`` is what it gets wrong."""

    def __init__(self, path: Path, acceleration: Acceleration, change: Change) -> None:
        self._session = open_runtime(path)
        self.inputs, self.outputs = self._session.inputs, self._session.outputs
        self.acceleration, self._change = acceleration, change
        self.name = f"a fake {acceleration.accelerator}"

    def run(self, feed, *, taps: Sequence[str] = ()):
        found = self._session.run(feed, taps=taps)
        return {name: self._change(value).astype(value.dtype) for name, value in found.items()}

    def close(self) -> None:
        self._session.close()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Accelerators:
    """Replaces what is here: ``gpu`` and ``npu`` with ``change`` and ``refused``, and counts openings.

    ``error`` is raised by every opening, with the file in place of ``{path}``.
    """

    def __init__(
        self, monkeypatch, *, names: Sequence[str] = ("gpu", "npu"), adapter: str = "a device"
    ) -> None:
        self.opened: list[tuple[str, str]] = []
        self.change: Change = lambda value: value
        self.refused: tuple[Refusal, ...] = ()
        self.error: MobilekitError | None = None
        self.adapter = adapter
        self._names = names
        monkeypatch.setattr(presence, "accelerators_here", self._here)
        monkeypatch.setattr(accelerator_check, "open_runtime", self._open)

    def _rest(self) -> dict[str, str]:
        cause = {"cause": self.error.cause} if isinstance(self.error, AcceleratorError) else {}
        return {"hint": self.error.hint, **cause}

    def _here(self, suffix: str) -> tuple[Presence, ...]:
        name = "gpu" if suffix == ".tflite" else "npu"
        there = name in self._names
        detail = "version 1 on a device" if there else "not installed: install it"
        return (
            Presence(
                accelerator=name,
                opened_as=name,
                adapter=self.adapter if there else None,
                availability=Availability(available=there, detail=detail),
            ),
        )

    def _open(self, path, *, accelerator: str = "cpu", precision: str | None = None):
        if accelerator == "cpu":
            return open_runtime(path)
        self.opened.append((accelerator, Path(path).name))
        if self.error is not None:
            raise type(self.error)(self.error.message.format(path=path), **self._rest())
        acceleration = Acceleration(
            accelerator=accelerator,
            adapter=self.adapter,
            emulated=True,
            operators=5,
            accepted=5 - len(self.refused),
            partitions=1,
            refused=self.refused,
            precision=precision,
        )
        return Fake(path, acceleration, self.change)
