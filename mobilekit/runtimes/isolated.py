"""Execute a file in a process of its own, so that a crash or a hang becomes an error."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit import errors
from mobilekit.errors import MobilekitError, UnsoundArtifactError, WorkerError

if TYPE_CHECKING:
    from mobilekit.tensors import Array, Feed

_COMMAND = (sys.executable, "-m", "mobilekit.runtimes.child")
CRASHES = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGTRAP")
"""Signals that a process gives itself: its code is at fault, not the machine."""
_WINDOWS_EXCEPTION = 0xC0000000  # exit codes from here on are unhandled exceptions


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolatedRun:
    """What a file gave in a process of its own: one dict of outputs (by ONNX name) per feed.

    ``latency_ms`` is the median of ``runs`` runs of the last feed after the first run of all (0 if
    nothing was timed); ``memory_bytes`` what the process grew by from before the file was opened.
    """

    outputs: tuple[dict[str, Array], ...]
    runtime: str
    latency_ms: float
    runs: int
    memory_bytes: int


def run_isolated(
    path: Path,
    feeds: Sequence[Feed],
    *,
    threads: int | None = None,
    timed: bool = False,
    timeout_s: float = 600.0,
    command: Sequence[str] = _COMMAND,
) -> IsolatedRun:
    """The outputs of ``path`` for each of ``feeds``, as a session's ``run`` gives them.

    Where there is no Core ML, its packages are evaluated in this process, and nothing is timed.
    ``timed`` runs the last feed a few times more and measures.

    Raises UnsoundArtifactError if the process crashes (segmentation fault, abort, division by
    zero), WorkerError if it takes longer than ``timeout_s`` in all or dies otherwise, and what
    ``open_runtime`` and ``run`` raise.
    """
    if path.suffix == ".mlpackage" and sys.platform != "darwin":
        return _evaluated(path, feeds, threads=threads)
    with scratch_errors():
        scratch = tempfile.TemporaryDirectory(prefix="mobilekit-")
    with scratch as name:
        folder = Path(name)
        with scratch_errors():
            _write_request(folder, path, feeds, threads=threads, timed=timed)
        try:
            done = subprocess.run(
                [*command, str(folder)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout_s,
                env=environment(),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            message = f"{_runtime(path)} did not finish {path} within {timeout_s:g} s on {len(feeds)} inputs"
            raise WorkerError(message, hint="is the machine overloaded? try again") from error
        except OSError as error:
            message = f"cannot start {command[0]}: {error.strerror}"
            raise WorkerError(message) from error
        if done.returncode != 0 or not (folder / "answer.json").exists():
            raise _death(path, done.returncode, done.stderr)
        return _read_answer(folder, len(feeds))


def _evaluated(path: Path, feeds: Sequence[Feed], *, threads: int | None) -> IsolatedRun:
    """What the reference evaluator says of a Core ML package, which is Python: nothing there crashes.

    Its time and memory would say nothing of a device's.
    """
    from mobilekit.runtimes import open_runtime

    with open_runtime(path, threads=threads) as session:
        outputs = tuple(session.run(feed) for feed in feeds)
        return IsolatedRun(outputs=outputs, runtime=session.name, latency_ms=0.0, runs=0, memory_bytes=0)


def _write_request(
    folder: Path, path: Path, feeds: Sequence[Feed], *, threads: int | None, timed: bool
) -> None:
    inputs = [list(feed) for feed in feeds]
    request = {"path": str(path.absolute()), "threads": threads, "timed": timed, "inputs": inputs}
    (folder / "request.json").write_text(json.dumps(request))
    for i, feed in enumerate(feeds):
        arrays: dict[str, Any] = {str(j): feed[name] for j, name in enumerate(inputs[i])}
        np.savez(folder / f"feed-{i}.npz", **arrays)


def _read_answer(folder: Path, count: int) -> IsolatedRun:
    answer: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    if "error" in answer:
        kind = getattr(errors, answer["error"], MobilekitError)
        raise kind(answer["message"], hint=answer["hint"])
    names, results = answer.pop("outputs"), []
    for i in range(count):
        with np.load(folder / f"outputs-{i}.npz") as arrays:
            results.append({name: arrays[str(j)] for j, name in enumerate(names)})
    return IsolatedRun(outputs=tuple(results), **answer)


@contextlib.contextmanager
def scratch_errors() -> Iterator[None]:
    """What is written to the system's temporary folder inside: a full or read-only one is a WorkerError."""
    try:
        yield
    except OSError as error:
        where = "TMPDIR"
        with contextlib.suppress(OSError):  # there may be none at all
            where = tempfile.gettempdir()
        message = f"cannot write to the temporary folder ({where}): {error.strerror or error}"
        raise WorkerError(message, hint="free some space there, or name another folder in TMPDIR") from error


def environment() -> dict[str, str]:
    """The environment of a process that finds the package where this one did."""
    root = str(Path(errors.__file__).parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _death(path: Path, code: int, stderr: bytes) -> MobilekitError:
    lines = stderr.decode(errors="replace").strip().splitlines()
    last = f": {lines[-1].strip()}" if lines else ""
    if code < 0:
        name = signal_name(-code)
        if name in CRASHES:
            return UnsoundArtifactError(f"{_runtime(path)} crashes ({name}) while executing {path}{last}")
        hint = "was the machine out of memory?" if name == "SIGKILL" else ""
        return WorkerError(f"the process executing {path} was ended by {name}{last}", hint=hint)
    if code >= _WINDOWS_EXCEPTION:
        return UnsoundArtifactError(
            f"{_runtime(path)} crashes (exit code {code:#x}) while executing {path}{last}"
        )
    return WorkerError(f"the process executing {path} ended with exit code {code}{last}")


def _runtime(path: Path) -> str:
    return "Core ML" if path.suffix == ".mlpackage" else "LiteRT"


def signal_name(number: int) -> str:
    """SIGABRT and the like, for a number that ended a process."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
