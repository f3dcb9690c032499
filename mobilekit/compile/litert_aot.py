"""LiteRT's ahead-of-time compiler in a process of its own, so that a crash or a hang becomes an error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.compile.base import Compiled
from mobilekit.compile.border import check_same_border, remaining_operators
from mobilekit.compile.sdk import find_sdk
from mobilekit.errors import AcceleratorError, MissingToolError, WorkerError
from mobilekit.runtimes.isolated import environment
from mobilekit.store.canonical import copy_atomic

if TYPE_CHECKING:
    from mobilekit.compile.sdk import Sdk
    from mobilekit.compile.soc import SocTarget

TIMEOUT_S = 900.0
_COMMAND = (sys.executable, "-m", "mobilekit.compile.worker")


def compile_for(
    path: Path,
    soc: SocTarget,
    out: Path,
    *,
    sdk: Sdk | None = None,
    timeout_s: float = TIMEOUT_S,
    command: Sequence[str] = _COMMAND,
) -> Compiled:
    """Compile the .tflite file ``path`` for one chip, to the file ``out``.

    Raises MissingToolError without the vendor's libraries (or where LiteRT has no compiler),
    AcceleratorError if the compiler refuses the file or crashes, WorkerError if it does not finish
    within ``timeout_s`` or is killed, UnsoundArtifactError if what it wrote has another border.
    """
    found = sdk if sdk is not None else find_sdk(soc.maker)
    with tempfile.TemporaryDirectory(prefix="mobilekit-") as name:
        folder = Path(name)
        request = {"model": str(path.absolute()), "backend": soc.maker.backend, "soc": soc.model}
        (folder / "request.json").write_text(json.dumps(request))
        _run([*command, str(folder)], soc, path, _environment(folder, soc, found), timeout_s)
        answer = _answer(folder, soc, path)
        compiled = folder / "compiled.tflite"
        check_same_border(path, compiled, where=str(soc))
        left = remaining_operators(compiled)
        copy_atomic(compiled, out)
    return Compiled(
        path=out,
        operators=answer["operators"],
        offloaded=answer["offloaded"],
        partitions=answer["partitions"],
        stable=answer["stable"],
        remaining=left,
    )


def _environment(folder: Path, soc: SocTarget, sdk: Sdk) -> dict[str, str]:
    """The child's environment: the vendor's libraries are found, and temporary files go away with it."""
    base = {**environment(), "TMPDIR": str(folder)}
    if sdk.folder is None:
        return base
    links = folder / "links"
    links.mkdir()
    for missing, stand_in in soc.maker.unused.items():
        if not (sdk.folder / missing).exists():
            (links / missing).symlink_to(sdk.folder / stand_in)
    before = base.get("LD_LIBRARY_PATH")
    paths = [str(sdk.folder), str(links), *([before] if before else [])]
    return {**base, "LD_LIBRARY_PATH": os.pathsep.join(paths)}


def _run(command: Sequence[str], soc: SocTarget, path: Path, env: dict[str, str], timeout_s: float) -> None:
    """Run the child, and end it with all that it started if it takes too long."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=env,
            start_new_session=True,
        )
    except OSError as error:
        message = f"cannot start {command[0]}: {error.strerror}"
        raise WorkerError(message) from error
    try:
        _, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        message = f"{soc.maker.title}'s compiler did not finish {path} for {soc.model} within {timeout_s:g} s"
        raise WorkerError(message, hint="is the machine overloaded? try again, or leave --npu out") from error
    finally:
        _end(process)
    if process.returncode:
        raise _death(soc, path, process.returncode, stderr)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child and of what it started."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()


def _death(soc: SocTarget, path: Path, code: int, stderr: bytes) -> WorkerError:
    lines = stderr.decode(errors="replace").strip().splitlines()
    last = f": {lines[-1].strip()}" if lines else ""
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    hint = "was the machine out of memory?" if code == -9 else ""
    return WorkerError(f"the process compiling {path} for {soc} was ended {how}{last}", hint=hint)


def _answer(folder: Path, soc: SocTarget, path: Path) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    except (OSError, ValueError) as error:
        message = f"the process compiling {path} for {soc} gave no answer: {error}"
        raise WorkerError(message) from error
    if "missing" in answer:
        message = f"LiteRT has no ahead-of-time compiler here: {answer['missing']}"
        raise MissingToolError(message, hint="it comes with ai-edge-litert on Linux, x86-64")
    if "refused" in answer:
        log = "".join(f"\n  {line.strip()}" for line in answer["log"])
        message = f"{soc.maker.title}'s compiler refuses {path} for {soc.model}: {answer['refused']}{log}"
        raise AcceleratorError(message, hint=_refused_hint(soc))
    if not answer["offloaded"]:
        message = f"{soc.maker.title}'s compiler takes no operator of {path} for {soc.model}"
        raise AcceleratorError(message, hint=_refused_hint(soc))
    return answer


def _refused_hint(soc: SocTarget) -> str:
    return (
        f"do the SDK's version and LiteRT's belong together? leave {soc} out of --npu to build without it: "
        "devices with this chip then have the file for all"
    )
