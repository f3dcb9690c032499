"""onnx2tf, for models with operators outside our table: the only user of it.

It runs as a process of its own (:mod:`~mobilekit.convert.tflite.fallback_worker`) on a copy of the
model, because it overwrites its input, calls ``sys.exit`` and reseeds global generators; in this
environment, or in another whose interpreter is named, because it pins its dependencies exactly.
What it made is believed only as far as it agrees with ONNX Runtime
(:mod:`~mobilekit.convert.tflite.fallback_border`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mobilekit.artifact import digest_of_bytes
from mobilekit.convert.optable import INSTALL_FALLBACK
from mobilekit.convert.tflite.fallback_border import settle_border
from mobilekit.convert.tflite.fallback_weights import halve_weights
from mobilekit.errors import MissingToolError, UnsupportedOperatorError, UsageError, WorkerError
from mobilekit.source.functions import inlined
from mobilekit.source.graph import Graph

if TYPE_CHECKING:
    from mobilekit.description import ModelDescription
    from mobilekit.tensors import Feed, TensorSpec

_WORKER = Path(__file__).with_name("fallback_worker.py")
_LAST_LINES = 8
_NOWHERE = "http://127.0.0.1:9"  # the discard port: whatever asks the network is told no at once


def convert_with_onnx2tf(
    model: bytes | Graph,
    *,
    precision: Literal["fp32", "fp16"],
    description: ModelDescription,
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    samples: Sequence[Feed] = (),
    python: str | Path | None = None,
    timeout_s: float = 600.0,
) -> bytes:
    """The whole model as .tflite bytes with the ONNX names, order and layouts in its metadata.

    ``model`` is a serialised ModelProto without external data and with fixed shapes; ``samples``
    are feeds to judge by (patterns within the described ranges if there are none); ``python`` is
    the interpreter of an environment with onnx2tf (default: this one). An fp16 file has fp16
    weights behind DEQUANTIZE. Raises MissingToolError without onnx2tf, WorkerError if it dies,
    hangs or writes nothing, UnsupportedOperatorError if its file needs Flex or custom operators,
    UnsoundArtifactError if the file cannot be executed, ConversionDisagreementError if no layout of
    its inputs and outputs makes it agree with ONNX Runtime.
    """
    if precision not in ("fp32", "fp16"):
        message = f"onnx2tf is a fallback for fp32 and fp16, got precision {precision!r}"
        raise UsageError(message, hint="leave the fallback away, or choose --precision fp32 or fp16")
    graph = model if isinstance(model, Graph) else _graph(model, inputs, outputs)
    converted = run_onnx2tf(_plain(graph), python=python, timeout_s=timeout_s)
    refuse_custom_operators(converted)
    settled = settle_border(converted, graph, description=description, samples=samples)
    return settled if precision == "fp32" else halve_weights(settled)


def run_onnx2tf(model: bytes, *, python: str | Path | None = None, timeout_s: float = 600.0) -> bytes:
    """onnx2tf's own float32 file for ``model``. Raises MissingToolError, WorkerError."""
    executable = _interpreter(python)
    with tempfile.TemporaryDirectory(prefix="mobilekit-onnx2tf-") as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(model)
        job = {"model": str(folder / "model.onnx"), "output": str(folder / "out")}
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        code = _run_worker([executable, "-P", str(_WORKER), "job.json"], folder=folder, timeout_s=timeout_s)
        return _read_result(folder, code=code, executable=executable)


def refuse_custom_operators(content: bytes) -> None:
    """Raise UnsupportedOperatorError if a .tflite file needs Flex or other custom operators."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    custom = sorted({_text(code.customCode) for code in model.operatorCodes if code.customCode is not None})
    if custom:
        message = f"onnx2tf's file needs operators that LiteRT alone does not have: {', '.join(custom)}"
        raise UnsupportedOperatorError(
            message, hint="replace the operators in the model; no Flex or custom operator is published"
        )


def _interpreter(python: str | Path | None) -> str:
    if python is not None:
        if not Path(python).is_file():
            message = f"{python}: no such Python interpreter"
            raise MissingToolError(message, hint=INSTALL_FALLBACK)
        return str(Path(python).absolute())
    if importlib.util.find_spec("onnx2tf") is None:
        message = "onnx2tf is not installed in this environment"
        raise MissingToolError(message, hint=INSTALL_FALLBACK)
    return sys.executable


def _run_worker(command: list[str], *, folder: Path, timeout_s: float) -> int:
    """Exit code of ``command``, whose output goes to ``folder/log``; its whole group dies with it."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(command[0]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            message = f"onnx2tf did not finish within {timeout_s:g} s; its last lines:\n{_last_lines(folder)}"
            raise WorkerError(message, hint="allow it more time, or convert without the fallback") from error
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the worker and of the programs that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing may be left
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _environment(executable: str) -> dict[str, str]:
    """The worker's environment: its own programs (onnxsim) first, a fixed hash seed, no network."""
    path = os.pathsep.join((str(Path(executable).parent), os.environ.get("PATH", "")))
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), _NOWHERE)
    return {**os.environ, **proxies, "PATH": path, "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8"}


def _read_result(folder: Path, *, code: int, executable: str) -> bytes:
    """The file that the worker's answer names."""
    answer: dict[str, Any] = {}
    if (folder / "out" / "result.json").is_file():
        answer = json.loads((folder / "out" / "result.json").read_text(encoding="utf-8"))
    if "missing" in answer:
        message = f"{executable} has no onnx2tf: {answer['missing']}"
        raise MissingToolError(message, hint=INSTALL_FALLBACK)
    written = Path(answer.get("tflite", folder / "nothing"))
    if code == 0 and written.is_file():
        return written.read_bytes()
    end = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    message = f"onnx2tf {end} without a float32 file; its last lines:\n{_last_lines(folder)}"
    raise WorkerError(message, hint="onnx2tf cannot convert this model either; change the operators it names")


def _last_lines(folder: Path) -> str:
    """The last lines of the worker's log that say something: no colours, rules or progress bars."""
    text = (folder / "log").read_bytes().decode("utf-8", "replace").replace("\r", "\n")
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    lines = [line.rstrip() for line in plain.splitlines()]
    useful = [line for line in lines if re.search(r"\w", line) and "it/s" not in line]
    return "\n".join(f"  {line}" for line in useful[-_LAST_LINES:]) or "  (it printed nothing)"


def _graph(model: bytes, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> Graph:
    return Graph(
        model=model,
        digest=digest_of_bytes(model),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        stage="source",
    )


def _plain(graph: Graph) -> bytes:
    """The model without model-local functions, which onnx2tf does not know."""
    model = graph.proto()
    if not model.functions:
        return graph.model
    return bytes(inlined(model, convert_version=True).SerializeToString(deterministic=True))


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
