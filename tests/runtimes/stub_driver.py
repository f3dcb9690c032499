"""A driver for tests: the file it opens says what it does. ``COMMAND`` starts a server that has it."""

import os
import sys
import time
from pathlib import Path

import numpy as np

from mobilekit.errors import ModelFileError

_CODE = """
import sys
from pathlib import Path
from mobilekit.runtimes import server
server.DRIVERS = {name: "tests.runtimes.stub_driver" for name in ("stub", "litert-gpu")}
server.main(Path(sys.argv[1]))
"""
COMMAND = (sys.executable, "-c", _CODE)


class StubDriver:
    """Doubles its inputs, unless told otherwise."""

    def __init__(self, path: Path, options) -> None:
        self.facts = {"opened": path.name, "inputs": ["in"], "outputs": ["out"], "whole": True, **options}
        self._todo = path.read_text(errors="replace").split()
        self._do("opening")

    def run(self, feed):
        self._do("running")
        return {name: np.asarray(2 * value) for name, value in feed.items()}

    def close(self) -> None:
        self._do("closing")

    def _do(self, step: str) -> None:
        sys.stderr.write(f"INFO: {step}\n")
        for what in [word.removeprefix(f"{step}:") for word in self._todo if word.startswith(f"{step}:")]:
            FAULTS[what]()


def _abort():
    sys.stderr.write("F0000 gpu.cc:7 Check failed: alpha\n")
    sys.stderr.flush()
    os.abort()


def _raise():
    message = "ERROR: [gpu.cc:8] Failed to modify graph with delegate"
    raise RuntimeError(message)


def _typed():
    message = "no TFLite file"
    raise ModelFileError(message, hint="convert again")


def _unprepared():
    message = "Failed to finalize QNN graph. Code: 1002"
    raise RuntimeError(message)


FAULTS = {
    "unprepared": _unprepared,
    "abort": _abort,
    "hang": lambda: time.sleep(60),
    "nap": lambda: time.sleep(2),
    "kill": lambda: os.kill(os.getpid(), 9),
    "exit": lambda: os._exit(3),
    "raise": _raise,
    "typed": _typed,
}


def open_driver(path: Path, options):
    """As :mod:`mobilekit.runtimes.server` wants it."""
    return StubDriver(path, options)
