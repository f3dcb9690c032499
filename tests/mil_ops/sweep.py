"""All files in child processes with time limits: a case that hangs or kills its process is wrong, the rest goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.mil_ops.statuses import WRONG

PROCESSES = 2
STALLED_S = 120.0
"""A child that has begun nothing new for so long is ended (importing torch takes a while)."""
_LONG = ("recurrent", "compression")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Of small arrays: threads would only wait for each other."""
_ROOT = Path(__file__).resolve().parents[2]


def sweep(names: list[str], folder: Path) -> Iterator[list[dict[str, Any]]]:
    """The events of each file, those with most cases first. ``folder`` holds what the children write."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        paths = {name: folder / f"{name.replace('/', '-')}l" for name in sorted(names, key=_many_cases_first)}
        yield from pool.map(run_file, paths.keys(), paths.values())


def _many_cases_first(name: str) -> tuple[bool, str]:
    return not any(word in name for word in _LONG), name


def run_file(name: str, out: Path, stalled_s: float = STALLED_S) -> list[dict[str, Any]]:
    """Events of one file; children are started until one comes to the end of it."""
    while True:
        command = [sys.executable, "-m", "tests.mil_ops.worker", str(out), name]
        ended = _watched(command, out, stalled_s)
        events = _read(out)
        last = events[-1] if events else {}
        if "started" not in last:
            return events if events else [{"file": name, "error": f"nothing ran ({ended})"}]
        lost = {"case": last["started"], "status": WRONG, "detail": ended, "outputs": 0, "operators": []}
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(lost) + "\n")


def _watched(command: list[str], out: Path, stalled_s: float) -> str:
    """Run; end it where ``out`` stops growing; how it ended."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen(command, cwd=_ROOT, env={**os.environ, **_ONE_THREAD}, **quiet)
    size, since, pause = -1, time.monotonic(), threading.Event()
    while child.poll() is None:
        pause.wait(0.1)
        grown = out.stat().st_size if out.exists() else 0
        if grown != size:
            size, since = grown, time.monotonic()
        if time.monotonic() - since > stalled_s:
            child.kill()
            child.wait()
            return f"no end within {stalled_s:.0f} s"
    return f"the process ended with status {child.returncode}"


def _read(out: Path) -> list[dict[str, Any]]:
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    return [json.loads(line) for line in lines]
