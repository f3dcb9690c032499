"""Every file is executed once in a child process before anything else touches it.

A file that kills its runtime (a division by zero in a kernel, an aborting delegate) must end as an
error, not end the build.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import UnsoundArtifactError, WorkerError

if TYPE_CHECKING:
    from mobilekit.tensors import Array, Feed, TensorSpec

_TIMEOUT_S = 600.0
_SOURCES = str(Path(__file__).resolve().parents[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRun:
    """Outputs (ONNX names and layouts) of the first run, and what later runs took.

    ``latency_ms`` is the median of ``runs`` after the first; ``memory_bytes`` what the process grew
    by from before the file was opened to its peak.
    """

    runtime: str
    outputs: dict[str, Array]
    latency_ms: float
    runs: int
    memory_bytes: int


def run_once(path: Path, feed: Feed, outputs: tuple[TensorSpec, ...]) -> FirstRun:
    """Execute ``path`` on ``feed`` in a child. Raises UnsoundArtifactError if it fails or dies."""
    with tempfile.TemporaryDirectory(prefix="mobilekit-run-") as name:
        folder = Path(name)
        order = sorted(feed)
        arrays = {str(i): np.asarray(feed[n]) for i, n in enumerate(order)}
        np.savez(folder / "feed.npz", **arrays)  # type: ignore[arg-type]
        (folder / "job.json").write_text(
            json.dumps({"model": str(path.resolve()), "inputs": order, "outputs": [o.name for o in outputs]}),
            encoding="utf-8",
        )
        answer = _child(folder, path)
        with np.load(folder / "outputs.npz") as found:
            values = {spec.name: found[str(i)] for i, spec in enumerate(outputs)}
    return FirstRun(outputs=values, **answer)


def _child(folder: Path, path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "mobilekit.pipeline.soundness_worker", str(folder)]
    paths = [_SOURCES, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        message = f"{path.name}: executing it once took more than {_TIMEOUT_S:.0f} s"
        raise WorkerError(message, hint="is the machine very busy?") from error
    answer = folder / "answer.json"
    if done.returncode < 0:
        message = f"{path.name}: executing it once ended the process with {_signal(-done.returncode)}"
        raise UnsoundArtifactError(message, hint="try another precision; please report it with the model")
    if done.returncode != 0 or not answer.is_file():
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        message = f"{path.name}: executing it once failed: {reason[0]}"
        raise UnsoundArtifactError(message, hint="try another precision; please report it with the model")
    content: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return content


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
