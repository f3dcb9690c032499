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
from mobilekit.runtimes import coreml, litert, litert_gpu, ort, qnn

if TYPE_CHECKING:
    from mobilekit.runtimes.acceleration import Precision
    from mobilekit.runtimes.base import Availability, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an artifact is opened with; None leaves it to the runtime."""

    threads: int | None = None
    precision: Precision | None = None
    timeout_s: float | None = None


_Open = Callable[[Path, Asked], "Session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A runtime: the suffix of the files it opens, and how it opens them per accelerator.

    ``in_a_process`` are the accelerators whose driver runs in a process of its own, so that it can
    be given up on: only they take ``timeout_s``, and a precision.
    """

    name: str
    suffix: str
    availability: Callable[[], Availability]
    accelerators: Mapping[str, _Open]
    in_a_process: frozenset[str] = frozenset()


def _open_onnx(path: Path, asked: Asked) -> Session:
    return ort.open_onnx(path, threads=asked.threads)


def _open_onnx_qnn(path: Path, asked: Asked) -> Session:
    if asked.precision == "fp32":
        message = "HTP computes float operators in float16, fp32 is asked for"
        raise UsageError(message, hint="leave precision out")
    timeout_s = qnn.TIMEOUT_S if asked.timeout_s is None else asked.timeout_s
    return qnn.open_onnx_qnn(path, timeout_s=timeout_s)


def _open_tflite(path: Path, asked: Asked) -> Session:
    return litert.open_tflite(path, threads=asked.threads)


def _open_tflite_gpu(path: Path, asked: Asked) -> Session:
    timeout_s = litert_gpu.TIMEOUT_S if asked.timeout_s is None else asked.timeout_s
    return litert_gpu.open_tflite_gpu(path, precision=asked.precision or "fp32", timeout_s=timeout_s)


def _open_mlpackage(units: coreml.Units) -> _Open:
    return lambda path, asked: coreml.open_mlpackage(path, threads=asked.threads, units=units)


RUNTIMES: tuple[Runtime, ...] = (
    Runtime(
        name="ONNX Runtime",
        suffix=".onnx",
        availability=ort.availability,
        accelerators={"cpu": _open_onnx, "qnn-htp": _open_onnx_qnn},
        in_a_process=frozenset({"qnn-htp"}),
    ),
    Runtime(
        name="LiteRT",
        suffix=".tflite",
        availability=litert.availability,
        accelerators={"cpu": _open_tflite, "gpu": _open_tflite_gpu},
        in_a_process=frozenset({"gpu"}),
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


def open_runtime(
    path: str | Path,
    *,
    accelerator: str = "cpu",
    precision: Precision | None = None,
    threads: int | None = None,
    timeout_s: float | None = None,
) -> Session:
    """Open an artifact by its suffix, on ``accelerator``, with at most ``threads`` threads.

    A GPU is opened for ``precision`` "fp32" (the default: nothing is rounded further) or "fp16"
    (its driver may compute in float16); each step of it, opening and every run, may take
    ``timeout_s`` seconds (default 300: software GPUs take seconds). Its session has
    ``acceleration``: what runs there, and which operators it refuses.
    "qnn-htp" is Qualcomm's NPU for ONNX files, the NPU of a Snapdragon or an emulator elsewhere (minutes
    a picture: ``timeout_s`` is 600 there by default); it takes a file wholly or not at all.

    Raises AcceleratorError for an accelerator that this version or this machine does not have, one
    that refuses the file, crashes or takes too long; ModelFileError for a file that is missing or
    damaged; UsageError for what an accelerator does not let choose.
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
    asked = Asked(threads=threads, precision=precision, timeout_s=timeout_s)
    _check(asked, runtime, accelerator)
    return runtime.accelerators[accelerator](path, asked)


def _check(asked: Asked, runtime: Runtime, accelerator: str) -> None:
    """Nothing that was asked is ignored: what does not apply is an error."""
    if asked.threads is not None and asked.threads < 1:
        message = f"threads must be 1 or more, got {asked.threads}"
        raise UsageError(message)
    if asked.timeout_s is not None and not asked.timeout_s > 0:
        message = f"timeout_s must be more than 0, got {asked.timeout_s}"
        raise UsageError(message)
    if asked.precision not in (None, "fp32", "fp16"):
        message = f"precision must be fp32 or fp16, got {asked.precision!r}"
        raise UsageError(message)
    where = f"{runtime.name} on {accelerator!r}"
    if accelerator in runtime.in_a_process:
        if asked.threads is not None:
            message = f"{where} has no number of threads to choose"
            raise UsageError(message)
    elif asked.timeout_s is not None:
        message = f"{where} runs in this process, where it cannot be given up on after timeout_s"
        raise UsageError(message, hint="mobilekit.runtimes.isolated runs a file in a process of its own")
    elif asked.precision == "fp16":
        message = f"{where} has no precision to choose: it computes what the file says"
        raise UsageError(
            message, hint="precision is for GPUs; mobilekit convert --precision fp16 writes fp16"
        )
