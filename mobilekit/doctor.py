"""What works on this machine: each finding is something that was tried, not assumed."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mobilekit.convert.optable import INSTALL_FALLBACK
from mobilekit.errors import MissingToolError

if TYPE_CHECKING:
    from mobilekit.runtimes.base import Session
    from mobilekit.source.graph import Graph

Status = Literal["ok", "absent", "broken"]

CORE = (
    "ai-edge-litert", "coremltools", "filelock", "flatbuffers", "numpy", "onnx", "onnx-ir", "onnxruntime",
    "onnxscript", "pillow", "platformdirs", "protobuf", "rich", "scikit-image", "scipy", "typer",
)  # fmt: skip
OPTIONAL = ("onnx2tf", "tensorflow", "tf-keras")

_TINY = """
<ir_version: 10, opset_import: ["" : 21]>
tiny (float[1, 3, 4, 4] x) => (float[1, 3, 4, 4] y) { y = Relu (x) }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report: ``absent`` is optional and not installed, ``broken`` is needed and failed."""

    name: str
    status: Status
    detail: str


def examine() -> tuple[Finding, ...]:
    """Everything that is worth knowing when something does not work."""
    return (
        Finding(name="mobilekit", status="ok", detail=_version("mobilekit") or "a checkout, not installed"),
        Finding(name="python", status="ok", detail=f"{platform.python_version()} at {sys.executable}"),
        Finding(name="platform", status="ok", detail=f"{platform.platform()}, {os.cpu_count()} processors"),
        Finding(name="processor", status="ok", detail=_processor()),
        *(_library(name, optional=name == "coremltools" and sys.platform == "win32") for name in CORE),
        *(_library(name, optional=True) for name in OPTIONAL),
        _tried("onnxruntime executes a model", _run_onnxruntime),
        _tried("litert executes a model", _run_litert),
        _tried("core ml packages are evaluated", _run_coreml, optional=sys.platform == "win32"),
        _core_ml(),
        *_accelerators(),
        _store(),
    )


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _library(name: str, *, optional: bool) -> Finding:
    found = _version(name)
    if found is not None:
        return Finding(name=name, status="ok", detail=found)
    detail = f"not installed ({INSTALL_FALLBACK})" if name in OPTIONAL else "not installed"
    return Finding(name=name, status="absent" if optional else "broken", detail=detail)


def _tried(name: str, attempt: Callable[[], str], *, optional: bool = False) -> Finding:
    try:
        return Finding(name=name, status="ok", detail=attempt())
    except MissingToolError as problem:
        return Finding(name=name, status="absent" if optional else "broken", detail=problem.message)
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is the finding
        return Finding(name=name, status="broken", detail=f"{type(problem).__name__}: {problem}")


def _run_onnxruntime() -> str:
    from mobilekit.runtimes.ort import open_graph

    with open_graph(_tiny_graph()) as session:
        return _checked(session)


def _run_litert(accelerator: str = "cpu") -> str:
    from mobilekit.convert.tflite.api import emit
    from mobilekit.description import ModelDescription
    from mobilekit.runtimes import open_runtime

    graph = _tiny_graph()
    content = emit(
        graph, precision="fp32", description=ModelDescription(name="tiny"), source_inputs=graph.inputs
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.tflite"
        path.write_bytes(content)
        with open_runtime(path, accelerator=accelerator) as session:
            return _checked(session)


def _run_coreml() -> str:
    from mobilekit.convert.coreml.api import emit
    from mobilekit.runtimes import open_runtime

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.mlpackage"
        emit(_tiny_graph(), path, precision="fp32")
        with open_runtime(path) as session:
            return _checked(session)


def _tiny_graph() -> Graph:
    import onnx

    from mobilekit.source.graph import graph_from_proto

    return graph_from_proto(onnx.parser.parse_model(_TINY), stage="legalised")


def _checked(session: Session) -> str:
    """The runtime's name, if it computes max(x, 0)."""
    import numpy as np

    x = np.linspace(-1, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4)
    if not np.array_equal(session.run({"x": x})["y"], np.maximum(x, 0)):
        message = "it computes something else"
        raise ArithmeticError(message)
    return session.name


def _core_ml() -> Finding:
    name = "Core ML executes models"
    if sys.platform != "darwin":
        from mobilekit.runtimes.coreml import availability

        return Finding(name=name, status="absent", detail=f"only on macOS; here: {availability().detail}")
    status: Status = "ok" if find_spec("coremltools.libcoremlpython") else "broken"
    return Finding(name=name, status=status, detail=f"macOS {platform.mac_ver()[0]}")


def _accelerators() -> Iterator[Finding]:
    """What accelerators run here: tried where a tiny file of their format can be made in a moment."""
    from mobilekit.runtimes.presence import accelerators_here

    for suffix in (".tflite", ".qdq.onnx"):
        for presence in accelerators_here(suffix):
            name = f"{presence.opened_as} executes {suffix} files"
            if not presence.availability.available:
                yield Finding(name=name, status="absent", detail=presence.availability.detail)
            elif suffix == ".tflite":
                yield _tried(name, partial(_run_litert, presence.opened_as))
            else:
                yield Finding(name=name, status="ok", detail=presence.availability.detail)


def _store() -> Finding:
    from mobilekit.store.cas import default_root

    root = default_root()
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    usable = os.access(existing, os.W_OK)
    detail = f"{root}, {free_gb:.1f} GB free" + ("" if usable else ", not writable: give --store FOLDER")
    return Finding(name="store", status="ok" if usable else "broken", detail=detail)


def _processor() -> str:
    """The machine type, and what int8 arithmetic the processor has."""
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    flags = next((line.split(":")[1].split() for line in lines if line.startswith(("flags", "Features"))), [])
    return " ".join([platform.machine(), *(flag for flag in wanted if flag in flags)])
