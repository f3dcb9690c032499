"""The child of :mod:`mobilekit.runtimes.served`: ``python -m mobilekit.runtimes.server FOLDER``.

Holds a driver that may crash or hang. Requests come as lines of JSON on stdin, answers go as lines
of JSON to what was stdout; arrays cross as .npy files in ``FOLDER``. Anything that a driver prints
goes to stderr, which the parent keeps in ``FOLDER/log``. When stdin ends, so does this.

::

    {"do": "open", "driver": NAME, "path": FILE, "options": {…}, "limit_s": S} → {"facts": {…}}
    {"do": "run", "inputs": [NAME…], "limit_s": S}                             → {"outputs": [NAME…]}
    {"do": "close"}                                                            → {}

Input i of the list is ``in-i.npy``, output i ``out-i.npy``. Instead of an answer there can be
``{"error": TYPE, "message": …, "hint": …}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mobilekit.errors import MobilekitError
from mobilekit.runtimes.isolated import scratch_errors

if TYPE_CHECKING:
    from mobilekit.tensors import Array

DRIVERS: Mapping[str, str] = {
    "litert-gpu": "mobilekit.runtimes.litert_gpu_driver",
    "qnn-htp": "mobilekit.runtimes.qnn_driver",
}
"""Modules with ``open_driver(path, options) -> Driver``, by the name that requests use."""

_GRACE_S = 30.0


class Driver(Protocol):
    """What a driver module opens: facts for the parent (JSON), and runs on the file's own arrays."""

    facts: Mapping[str, Any]

    def run(self, feed: Mapping[str, Array]) -> Mapping[str, Array]:
        """Outputs by name."""
        ...

    def close(self) -> None:
        """Free the device's memory."""
        ...


class Server:
    """Answers requests, one opened file at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._driver: Driver | None = None

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request; every failure is an answer too."""
        _give_up_after(request.get("limit_s"))
        try:
            if request["do"] == "open":
                return self._open(request)
            if request["do"] == "run":
                return self._run(request["inputs"])
            self.close()
        except MobilekitError as error:
            return {"error": type(error).__name__, "message": error.message, "hint": error.hint}
        except Exception as error:  # noqa: BLE001 - a driver may raise anything; the parent makes it typed
            traceback.print_exc()
            message = " ".join(str(error).split())
            return {"error": "AcceleratorError", "message": message or type(error).__name__, "hint": ""}
        finally:
            _give_up_after(None)
        return {}

    def close(self) -> None:
        """Close the opened file, if any."""
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _open(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.close()
        module = import_module(DRIVERS[request["driver"]])
        self._driver = module.open_driver(Path(request["path"]), request["options"])
        return {"facts": dict(self._driver.facts)}

    def _run(self, inputs: list[str]) -> dict[str, Any]:
        if self._driver is None:
            message = "no file is open"
            raise MobilekitError(message)
        feed = {name: np.load(self._folder / f"in-{i}.npy") for i, name in enumerate(inputs)}
        outputs = self._driver.run(feed)
        with scratch_errors():
            for i, value in enumerate(outputs.values()):
                np.save(self._folder / f"out-{i}.npy", value, allow_pickle=False)
        return {"outputs": list(outputs)}


def _give_up_after(limit_s: float | None) -> None:
    """End this process later than the parent would: for a parent that is gone, too.

    The system does it, so that a driver that hangs with Python's lock held ends as well.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0 if limit_s is None else limit_s + _GRACE_S)


def main(folder: Path) -> None:
    """Serve until stdin ends; a parent that is gone has left the folder behind, which goes too."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    server = Server(folder)
    with contextlib.suppress(BrokenPipeError):  # the parent went while its request was being answered
        for line in sys.stdin:
            answers.write(json.dumps(server.answer(json.loads(line))) + "\n")
            answers.flush()
    _give_up_after(0)
    server.close()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # drivers crash in their destructors; everything of ours is written


if __name__ == "__main__":
    main(Path(sys.argv[1]))
