"""Artifacts in, sessions out: ``open_runtime(path)`` executes .onnx, .tflite and .mlpackage files.

A session takes feeds by ONNX name, in the ONNX model's layouts, shapes and dtypes, and answers in
the same terms, whatever the file's own are. Each runtime is a module behind the same protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.errors import AcceleratorError, UsageError
from mobilekit.runtimes import coreml, litert, ort

if TYPE_CHECKING:
    from mobilekit.runtimes.base import Availability, Session

_Open = Callable[[Path, "int | None"], "Session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A runtime: the suffix of the files it opens, and how it opens them per accelerator."""

    name: str
    suffix: str
    availability: Callable[[], Availability]
    accelerators: Mapping[str, _Open]


def _open_onnx(path: Path, threads: int | None) -> Session:
    return ort.open_onnx(path, threads=threads)


def _open_tflite(path: Path, threads: int | None) -> Session:
    return litert.open_tflite(path, threads=threads)


def _open_mlpackage(units: coreml.Units) -> _Open:
    return lambda path, threads: coreml.open_mlpackage(path, threads=threads, units=units)


RUNTIMES: tuple[Runtime, ...] = (
    Runtime(
        name="ONNX Runtime",
        suffix=".onnx",
        availability=ort.availability,
        accelerators={"cpu": _open_onnx},
    ),
    Runtime(
        name="LiteRT",
        suffix=".tflite",
        availability=litert.availability,
        accelerators={"cpu": _open_tflite},
    ),
    Runtime(
        name="Core ML",
        suffix=".mlpackage",
        availability=coreml.availability,
        accelerators={
            "cpu": _open_mlpackage("cpu"),
            "gpu": _open_mlpackage("gpu"),
            "npu": _open_mlpackage("npu"),
        },
    ),
)


def open_runtime(path: str | Path, *, accelerator: str = "cpu", threads: int | None = None) -> Session:
    """Open an artifact by its suffix, on ``accelerator``, with at most ``threads`` threads.

    Raises AcceleratorError for an accelerator or a format that this version does not execute,
    ModelFileError for a file that is missing or damaged.
    """
    path = Path(path)
    runtime = next((r for r in RUNTIMES if r.suffix == path.suffix.lower()), None)
    if runtime is None:
        known = ", ".join(r.suffix for r in RUNTIMES)
        message = f"{path}: no runtime opens {path.suffix or 'a file without a suffix'}"
        raise UsageError(message, hint=f"known suffixes are {known}")
    if accelerator not in runtime.accelerators:
        known = ", ".join(runtime.accelerators)
        message = f"{runtime.name} has no accelerator {accelerator!r} in this version"
        raise AcceleratorError(message, hint=f"accelerators for {runtime.suffix} files: {known}")
    if threads is not None and threads < 1:
        message = f"threads must be 1 or more, got {threads}"
        raise UsageError(message)
    return runtime.accelerators[accelerator](path, threads)
