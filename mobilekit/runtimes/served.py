"""A driver in a process of its own that stays for many runs: crashes and hangs become errors.

The child is :mod:`mobilekit.runtimes.server`; :mod:`isolated` is for one run of one file.
"""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mobilekit import errors
from mobilekit.errors import AcceleratorError, MobilekitError, WorkerError
from mobilekit.runtimes.isolated import CRASHES, environment, scratch_errors, signal_name

if TYPE_CHECKING:
    from mobilekit.tensors import Array

COMMAND = (sys.executable, "-m", "mobilekit.runtimes.server")
_LINGER_S = 5.0  # for a child that was told to end
_LOOK_S = 0.5
_INFORMATION = (
    "INFO",
    "I0",
    "#",
    "└",
    "WARNING: Logging before",
)  # of LiteRT, of its libraries' logs, of QNN's


class DriverProcess:
    """A child with a driver in it. ``what`` names the driver and its device in errors.

    It starts with the first request. After a crash, a hang or a kill it is gone, with its files,
    and every further request says so; a child that nobody closed ends with this object.
    """

    def __init__(
        self, what: str, *, variables: Mapping[str, str] | None = None, command: Sequence[str] = COMMAND
    ) -> None:
        self.what = what
        self._environment = {**environment(), **(variables or {})}
        self._command = tuple(command)
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._process: subprocess.Popen[str] | None = None
        self._folder: Path | None = None
        self._end: weakref.finalize[..., DriverProcess] | None = None
        self._last_log = ""

    @property
    def alive(self) -> bool:
        """Whether a child is there."""
        return self._process is not None

    @property
    def log(self) -> str:
        """What the child has printed so far, also after its end."""
        return self._last_log if self._folder is None else self.log_from(0)

    @property
    def log_size(self) -> int:
        """The bytes that a living child has printed so far; 0 before one starts."""
        return 0 if self._folder is None else (self._folder / "log").stat().st_size

    def log_from(self, position: int) -> str:
        """What a living child has printed since its log had ``position`` bytes."""
        if self._folder is None:
            return self._last_log
        with (self._folder / "log").open("rb") as log:
            log.seek(position)
            return log.read().decode(errors="replace")

    def open(
        self, driver: str, path: Path, options: Mapping[str, Any], *, timeout_s: float
    ) -> dict[str, Any]:
        """The facts of a file that a driver has opened; the one opened before is closed.

        Raises AcceleratorError if the driver refuses, crashes or takes longer than ``timeout_s``;
        the typed errors of its own otherwise.
        """
        request = {"do": "open", "driver": driver, "path": str(path.absolute()), "options": dict(options)}
        facts: dict[str, Any] = self.ask(request, timeout_s=timeout_s, doing=f"opening {path}")["facts"]
        return facts

    def run(self, feed: Mapping[str, Array], *, timeout_s: float, doing: str) -> dict[str, Array]:
        """The outputs of the opened file by name. Raises as :meth:`open` does."""
        folder = self._started()
        with scratch_errors():
            for i, value in enumerate(feed.values()):
                np.save(folder / f"in-{i}.npy", value, allow_pickle=False)
        request = {"do": "run", "inputs": list(feed)}
        names = self.ask(request, timeout_s=timeout_s, doing=doing)["outputs"]
        return {name: np.load(folder / f"out-{i}.npy") for i, name in enumerate(names)}

    def ask(self, request: Mapping[str, Any], *, timeout_s: float, doing: str) -> dict[str, Any]:
        """The answer to a request of :mod:`server`'s."""
        self._started()
        assert self._process is not None
        try:
            _pipe(self._process.stdin).write(json.dumps({**request, "limit_s": timeout_s}) + "\n")
            _pipe(self._process.stdin).flush()
        except OSError:
            raise self._death(doing) from None
        answer: dict[str, Any] = json.loads(self._answer(timeout_s, doing))
        if "error" in answer:
            kind = getattr(errors, answer["error"], MobilekitError)
            message = f"{self.what}, {doing}: {answer['message']}"
            raise kind(message, hint=answer["hint"])
        return answer

    def close(self) -> None:
        """End the child and remove its files; its last words stay in ``log``."""
        if self._process is not None:
            self._last_log = self.log
        if self._end is not None:
            self._end()
        self._process, self._folder, self._end = None, None, None

    def _started(self) -> Path:
        if self._folder is not None:
            return self._folder
        with scratch_errors():
            folder = Path(tempfile.mkdtemp(prefix="mobilekit-"))
        try:
            with (folder / "log").open("wb") as log:
                process = subprocess.Popen(
                    [*self._command, str(folder)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=self._environment,
                    encoding="utf-8",
                )
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            message = f"cannot start {self._command[0]}: {error.strerror}"
            raise WorkerError(message) from error
        self._answers = queue.Queue()
        reader = threading.Thread(target=_read, args=(process.stdout, self._answers), daemon=True)
        reader.start()
        self._process, self._folder = process, folder
        self._end = weakref.finalize(self, _end, process, reader, folder)
        return folder

    def _answer(self, timeout_s: float, doing: str) -> str:
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._answers.get(timeout=min(left, _LOOK_S))
            except queue.Empty:
                continue
            if line is None:
                raise self._death(doing)
            return line
        self._kill()
        message = f"{self.what} did not finish {doing} within {timeout_s:g} s, and was ended"
        raise AcceleratorError(message, hint="give it longer (timeout_s), or use the CPU", cause="hung")

    def _death(self, doing: str) -> MobilekitError:
        """What ended the child, as an error; it is gone afterwards."""
        assert self._process is not None
        try:
            code = self._process.wait(_LINGER_S)
        except subprocess.TimeoutExpired:
            code = None
        self._kill()
        last = last_error(self._last_log)
        said = f"; it said: {last}" if last else ""
        if code is None or code >= 0:
            ended = "stopped answering" if code is None else f"ended with exit code {code}"
            return AcceleratorError(f"the process of {self.what} {ended} while {doing}{said}")
        name = signal_name(-code)
        if name in CRASHES:
            hint = "the driver is at fault, or an operator that it mistakes: use the CPU"
            return AcceleratorError(f"{self.what} crashed ({name}) while {doing}{said}", hint=hint)
        hint = "was the machine out of memory?" if name == "SIGKILL" else ""
        message = f"the process of {self.what} was ended by {name} while {doing}{said}"
        return AcceleratorError(message, hint=hint)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
        self.close()


def last_error(log: str) -> str:
    """The last line of a log that speaks of an error, else its last that is more than information."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(_INFORMATION)]
    spoken = [line for line in lines if line.startswith(("ERROR", "E0", "F0", "terminate", "Fatal"))]
    return (spoken or lines or [""])[-1]


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def _read(answers: IO[str], into: queue.Queue[str | None]) -> None:
    """Every line, then None: in a thread, since pipes have no timeouts everywhere."""
    for line in answers:
        into.put(line)
    into.put(None)


def _end(process: subprocess.Popen[str], reader: threading.Thread, folder: Path) -> None:
    """End the child, kindly first; nothing of it is left."""
    with contextlib.suppress(OSError):  # it is dead, and what was written to it last is lost
        _pipe(process.stdin).close()
    try:
        process.wait(_LINGER_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    reader.join(_LINGER_S)
    if not reader.is_alive():
        _pipe(process.stdout).close()
    shutil.rmtree(folder, ignore_errors=True)
