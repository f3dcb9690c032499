"""Samples observed by several processes at once: each takes the next sample when it is done with one.

Which process gets which sample differs from run to run; the statistics do not, for they merge to the
same numbers in any order. Samples are made here, one at a time, so that none is held but those that
are being observed; every process divides an inference among as many threads as this one would, since
ONNX Runtime's sums can differ in their last bits with the number of threads.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import reduce
from typing import IO, TYPE_CHECKING, Any

from mobilekit import errors
from mobilekit.calibrate.stats import CalibrationStats
from mobilekit.errors import InputDataError, MobilekitError, UsageError, WorkerError
from mobilekit.runtimes.isolated import environment

if TYPE_CHECKING:
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed

COMMAND = (sys.executable, "-m", "mobilekit.calibrate.shard")
NO_SAMPLES = "there are no samples to observe"

_Progress = Callable[[int, int], None]


def observe_in_shards(
    graph: Graph,
    samples: Iterable[Feed],
    *,
    values: Sequence[str],
    extremes: bool,
    jobs: int,
    progress: _Progress | None,
    command: Sequence[str] = COMMAND,
) -> CalibrationStats:
    """As :func:`mobilekit.calibrate.observe.observe`, by ``jobs`` processes.

    Raises what that raises, UsageError for less than one process, WorkerError if a process dies.
    """
    if jobs < 1:
        message = f"jobs is {jobs}, a whole number of at least 1 expected"
        raise UsageError(message, hint="it is the number of processes that observe samples (--jobs)")
    request = {"graph": graph, "values": list(values), "extremes": extremes}
    feeds = _Shared(samples, progress)
    count = min(jobs, feeds.total) if feeds.total else jobs
    with ThreadPoolExecutor(count) as pool:
        parts = list(pool.map(lambda _: _shard(request, feeds, command), range(count)))
    found = [part for part in parts if part is not None]
    if not found:
        raise InputDataError(NO_SAMPLES, hint="give photos or samples to calibrate with")
    return reduce(CalibrationStats.merge, found)


class _Shared:
    """The samples that are left, for all who take them."""

    def __init__(self, samples: Iterable[Feed], progress: _Progress | None) -> None:
        self.total = len(samples) if isinstance(samples, Sized) else 0
        self._feeds = iter(samples)
        self._progress = progress
        self._lock = threading.Lock()
        self._done = 0
        self._stopped = False

    def take(self) -> Feed | None:
        """The next sample; None if there is none, or after ``stop``."""
        with self._lock:
            return None if self._stopped else next(self._feeds, None)

    def observed(self) -> None:
        """One more sample is done with."""
        with self._lock:
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, self.total)

    def stop(self) -> None:
        """Hand out no more."""
        self._stopped = True


def _shard(request: Mapping[str, Any], feeds: _Shared, command: Sequence[str]) -> CalibrationStats | None:
    """What one process observes; None if no sample was left for it."""
    feed = feeds.take()
    if feed is None:
        return None
    try:
        with (
            tempfile.TemporaryFile() as log,
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment()
            ) as process,
        ):
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                return _served(request, feed, feeds, process.stdin, process.stdout)
            except (EOFError, pickle.UnpicklingError) as error:
                raise _death(process, log) from error
            finally:
                process.kill()
                with suppress(BrokenPipeError):
                    process.stdin.close()
    except BaseException:
        feeds.stop()
        raise


def _served(
    request: Mapping[str, Any], first: Feed, feeds: _Shared, to: IO[bytes], answers: IO[bytes]
) -> CalibrationStats:
    """Send samples until there are none, one after each answer; the last answer is the statistics."""
    _send(to, request)
    feed: Feed | None = first
    while feed is not None:
        _send(to, dict(feed))
        _receive(answers)  # the process's error, where it has one
        feeds.observed()
        feed = feeds.take()
    _send(to, None)
    return CalibrationStats.from_json(_receive(answers))


def _send(to: IO[bytes], message: object) -> None:
    """Send, or not to a process that has ended: its last answer says why, or its end does."""
    with suppress(BrokenPipeError):
        pickle.dump(message, to, protocol=pickle.HIGHEST_PROTOCOL)
        to.flush()


def _receive(answers: IO[bytes]) -> str:
    """What the process says. Raises the error that it had."""
    kind, text, hint = pickle.load(answers)  # noqa: S301 (from the process that was started here)
    if kind in ("observed", "statistics"):
        return str(text)
    raise getattr(errors, kind, MobilekitError)(text, hint=hint)


def _death(process: subprocess.Popen[bytes], log: IO[bytes]) -> WorkerError:
    code = process.wait()
    log.seek(0)
    lines = log.read().decode(errors="replace").strip().splitlines()
    last = f": {lines[-1].strip()}" if lines else ""
    message = f"a process observing samples ended with exit code {code}{last}"
    return WorkerError(message, hint="was the machine out of memory? try fewer --jobs")
