"""ONNX Runtime's outputs on known samples: computed once, or while something else is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import InputDataError
from mobilekit.runtimes.base import ClosedOnExit

if TYPE_CHECKING:
    from mobilekit.runtimes.base import Session
    from mobilekit.tensors import Array, Feed, TensorSpec


def record(session: Session, samples: Iterable[Feed], folder: Path) -> None:
    """Run ``session`` on ``samples`` and keep its outputs in ``folder``, named by the feeds' digests."""
    (folder / "session.json").write_text(json.dumps({"name": session.name}), encoding="utf-8")
    for feed in samples:
        outputs = session.run(feed)
        arrays = {str(i): outputs[spec.name] for i, spec in enumerate(session.outputs)}
        np.savez(folder / f"{feed_digest(feed)}.npz", **arrays)  # type: ignore[arg-type]


class RecordedSession(ClosedOnExit):
    """A session that only knows the feeds that :func:`record` ran; see ``runtimes.base.Session``."""

    def __init__(
        self, folder: Path, *, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
    ) -> None:
        self.name = str(json.loads((folder / "session.json").read_text(encoding="utf-8"))["name"])
        self.inputs, self.outputs = inputs, outputs
        self._folder = folder

    def run(self, feed: Feed, *, taps: Sequence[str] = ()) -> dict[str, Array]:
        """The recorded outputs. Raises InputDataError for another feed, or taps."""
        path = self._folder / f"{feed_digest(feed)}.npz"
        if taps or not path.is_file():
            message = f"{self.name}: this feed was not recorded"
            raise InputDataError(message)
        with np.load(path) as arrays:
            return {spec.name: arrays[str(i)] for i, spec in enumerate(self.outputs)}

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """What a session is called and speaks of, and its outputs by the feeds' digests."""

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    values: dict[str, dict[str, Array]]


class AheadSession(ClosedOnExit):
    """A session that runs known feeds in a thread of its own from the moment it is made.

    Whoever asks waits until it is done; what opening or running raised is raised then. See
    ``runtimes.base.Session``.
    """

    def __init__(self, open_session: Callable[[], Session], samples: Sequence[Feed]) -> None:
        self._ran: Future[_Ran] = Future()
        # A daemon: a build that fails first does not wait for it.
        Thread(target=_run_ahead, args=(self._ran, open_session, samples), daemon=True).start()

    @property
    def name(self) -> str:
        """The session's."""
        return self._ran.result().name

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The session's."""
        return self._ran.result().inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The session's."""
        return self._ran.result().outputs

    def run(self, feed: Feed, *, taps: Sequence[str] = ()) -> dict[str, Array]:
        """The outputs of one of the samples. Raises InputDataError for another feed, or taps."""
        found = self._ran.result().values.get(feed_digest(feed))
        if taps or found is None:
            message = f"{self.name}: this feed was not run ahead"
            raise InputDataError(message)
        return found

    def close(self) -> None:
        """Nothing is open."""


def _run_ahead(ran: Future[_Ran], open_session: Callable[[], Session], samples: Sequence[Feed]) -> None:
    try:
        with open_session() as session:
            values = {feed_digest(feed): session.run(feed) for feed in samples}
            ran.set_result(
                _Ran(name=session.name, inputs=session.inputs, outputs=session.outputs, values=values)
            )
    except BaseException as error:  # noqa: BLE001 - carried over to the thread that asks
        ran.set_exception(error)


def feed_digest(feed: Feed) -> str:
    """Digest of a feed's names, types, shapes and values."""
    state = hashlib.blake2b(digest_size=20)
    for name in sorted(feed):
        array = np.ascontiguousarray(feed[name])
        state.update(f"{name}\0{array.dtype}\0{array.shape}\0".encode())
        state.update(array.reshape(-1).view(np.uint8).data)
    return state.hexdigest()
