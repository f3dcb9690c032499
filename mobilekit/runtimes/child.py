"""The child of :mod:`mobilekit.runtimes.isolated`: ``python -m mobilekit.runtimes.child FOLDER``.

Reads ``FOLDER/request.json`` and ``feed-N.npz``; writes ``outputs-N.npz`` and, last,
``answer.json``. It imports NumPy and LiteRT only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mobilekit.errors import MobilekitError
from mobilekit.runtimes.litert import open_tflite


def main(folder: Path) -> None:
    """Answer the request in ``folder``; our own errors are an answer too."""
    request: dict[str, Any] = json.loads((folder / "request.json").read_text())
    answer: dict[str, Any]
    try:
        answer = {"outputs": _execute(folder, request)}
    except MobilekitError as error:
        answer = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    (folder / "answer.json").write_text(json.dumps(answer))


def _execute(folder: Path, request: Mapping[str, Any]) -> list[str]:
    """Run every feed; return the outputs' names, in the order of the arrays in ``outputs-N.npz``."""
    with open_tflite(Path(request["path"]), threads=request["threads"]) as session:
        names = [spec.name for spec in session.outputs]
        for i, feed_names in enumerate(request["inputs"]):
            with np.load(folder / f"feed-{i}.npz") as stored:
                feed = {name: stored[str(j)] for j, name in enumerate(feed_names)}
            outputs = session.run(feed)
            arrays: dict[str, Any] = {str(j): outputs[name] for j, name in enumerate(names)}
            np.savez(folder / f"outputs-{i}.npz", **arrays)
    return names


if __name__ == "__main__":
    main(Path(sys.argv[1]))
