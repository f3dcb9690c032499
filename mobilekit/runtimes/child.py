"""The child of :mod:`mobilekit.runtimes.isolated`: ``python -m mobilekit.runtimes.child FOLDER``.

Reads ``FOLDER/request.json`` and ``feed-N.npz``; writes ``outputs-N.npz`` and, last,
``answer.json``. It imports NumPy and the file's runtime only.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import MobilekitError
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.base import Session

if TYPE_CHECKING:
    from mobilekit.tensors import Feed


_MOST_RUNS = 5
_ENOUGH_MS = 1000.0


def main(folder: Path) -> None:
    """Answer the request in ``folder``; our own errors are an answer too."""
    request: dict[str, Any] = json.loads((folder / "request.json").read_text())
    answer: dict[str, Any]
    try:
        answer = _execute(folder, request)
    except MobilekitError as error:
        answer = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    (folder / "answer.json").write_text(json.dumps(answer))


def _execute(folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run every feed; the answer names the outputs in the order of the arrays in ``outputs-N.npz``."""
    before = _resident_bytes()
    feed: dict[str, Any] = {}
    with open_runtime(Path(request["path"]), threads=request["threads"]) as session:
        names = [spec.name for spec in session.outputs]
        for i, feed_names in enumerate(request["inputs"]):
            with np.load(folder / f"feed-{i}.npz") as stored:
                feed = {name: stored[str(j)] for j, name in enumerate(feed_names)}
            outputs = session.run(feed)
            arrays: dict[str, Any] = {str(j): outputs[name] for j, name in enumerate(names)}
            np.savez(folder / f"outputs-{i}.npz", **arrays)
        times = _times_ms(session, feed) if request["timed"] and feed else []
        return {
            "outputs": names,
            "runtime": session.name,
            "latency_ms": round(median(times), 3) if times else 0.0,
            "runs": len(times),
            "memory_bytes": max(0, _peak_bytes() - before),
        }


def _times_ms(session: Session, feed: Feed) -> list[float]:
    """A few more runs: at most five, no more once they took a second."""
    times: list[float] = []
    while not times or (len(times) < _MOST_RUNS and sum(times) < _ENOUGH_MS):
        start = time.perf_counter()
        session.run(feed)
        times.append(1000 * (time.perf_counter() - start))
    return times


def _resident_bytes() -> int:
    """Resident memory of this process now; off Linux the peak so far, which only larger peaks exceed.

    Off Linux a small file's growth is therefore 0 where starting Python took more.
    """
    return _status_bytes("VmRSS") or _peak_bytes()


def _peak_bytes() -> int:
    """Peak resident memory of this process; 0 where the system does not say.

    Linux keeps in ``ru_maxrss`` what the parent had when it forked; VmHWM starts anew.
    """
    found = _status_bytes("VmHWM")
    if found is not None:
        return found
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # bytes there, KiB elsewhere


def _status_bytes(field: str) -> int | None:
    """A memory figure of ``/proc/self/status``; None where there is none."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    lines = (line.split() for line in status.read_text(encoding="ascii", errors="replace").splitlines())
    return next((1024 * int(words[1]) for words in lines if words[:1] == [f"{field}:"]), None)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
