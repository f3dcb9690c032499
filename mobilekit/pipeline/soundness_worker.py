"""The child of :mod:`mobilekit.pipeline.soundness`: runs one file and writes what came out."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

from mobilekit.errors import MobilekitError
from mobilekit.runtimes import open_runtime

_MOST_RUNS = 5
_ENOUGH_S = 1.0


def main(folder: Path) -> None:
    """Read ``job.json`` and ``feed.npz`` of ``folder``; write ``outputs.npz`` and ``answer.json``."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    with np.load(folder / "feed.npz") as arrays:
        feed = {name: arrays[str(i)] for i, name in enumerate(job["inputs"])}
    before = _peak_bytes()
    with open_runtime(Path(job["model"])) as session:
        outputs = session.run(feed)
        times: list[float] = []
        while not times or (len(times) < _MOST_RUNS and sum(times) < _ENOUGH_S):
            start = time.perf_counter()
            session.run(feed)
            times.append(time.perf_counter() - start)
        name = session.name
    arrays = {str(i): outputs[n] for i, n in enumerate(job["outputs"])}
    np.savez(folder / "outputs.npz", **arrays)
    answer = {
        "runtime": name,
        "latency_ms": round(1000 * median(times), 3),
        "runs": len(times),
        "memory_bytes": max(0, _peak_bytes() - before),
    }
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def _peak_bytes() -> int:
    """Peak resident memory of this process; 0 where the system does not say.

    Linux keeps in ``ru_maxrss`` what the parent had when it forked; VmHWM starts anew.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = (line.split() for line in status.read_text(encoding="ascii").splitlines())
        return next((1024 * int(words[1]) for words in lines if words[:1] == ["VmHWM:"]), 0)
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except MobilekitError as error:
        sys.exit(error.message)
