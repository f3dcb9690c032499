"""The child of :mod:`mobilekit.runtimes.isolated`: ``python -m mobilekit.runtimes.child FOLDER``.

Reads ``FOLDER/request.json`` and ``feed-N.npz``; writes ``outputs-N.npz`` and, last,
``answer.json``. It imports NumPy and LiteRT only.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from mobilekit.errors import MobilekitError
from mobilekit.runtimes.litert import open_tflite


def main(folder: Path) -> None:
    """Answer the request in ``folder``; our own errors are an answer too."""
    request = json.loads((folder / "request.json").read_text())
    try:
        answer = {"outputs": _execute(folder, request)}
    except MobilekitError as error:
        answer = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    (folder / "answer.json").write_text(json.dumps(answer))


def _execute(folder: Path, request: dict[str, object]) -> list[str]:
    """Run every feed; return the outputs' names, in the order of the arrays in ``outputs-N.npz``."""
    threads = request["threads"]
    with open_tflite(
        Path(str(request["path"])), threads=threads if isinstance(threads, int) else None
    ) as session:
        names = [spec.name for spec in session.outputs]
        inputs = list(request["inputs"]) if isinstance(request["inputs"], list) else []
        for i, feed_names in enumerate(inputs):
            with np.load(folder / f"feed-{i}.npz") as arrays:
                feed = {name: arrays[str(j)] for j, name in enumerate(feed_names)}
            outputs = session.run(feed)
            np.savez(folder / f"outputs-{i}.npz", **{str(j): outputs[n] for j, n in enumerate(names)})
    return names


if __name__ == "__main__":
    main(Path(sys.argv[1]))
