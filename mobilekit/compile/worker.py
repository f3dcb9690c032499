"""The child of :mod:`mobilekit.compile.litert_aot`: ``python -m mobilekit.compile.worker FOLDER``.

Reads ``FOLDER/request.json``, compiles with LiteRT's ahead-of-time compiler, and writes
``FOLDER/compiled.tflite`` and, last, ``FOLDER/answer.json``.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ADDR_NO_RANDOMIZE = 0x0040000
_PERSONALITY_ASKED = 0xFFFFFFFF
_LOG_LINES = 12


def main(folder: Path) -> None:
    """Answer the request in ``folder``; what the compiler says when it fails is an answer too."""
    request: dict[str, Any] = json.loads((folder / "request.json").read_text())
    stable = fixed_addresses()
    try:
        answer = {**_compile(folder, request), "stable": stable}
    except ImportError as error:
        answer = {"missing": str(error)}
    except (ValueError, OSError) as error:
        answer = {"refused": str(error).splitlines()[0] if str(error) else repr(error), "log": _log(folder)}
    (folder / "answer.json").write_text(json.dumps(answer))


def fixed_addresses() -> bool:
    """Load libraries of processes started from here at the same addresses each time, where that can be.

    Qualcomm's compiler writes bytes that it never set, pieces of addresses among them: at fixed ones
    they are the same in every run.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    now = libc.personality(ctypes.c_ulong(_PERSONALITY_ASKED))
    return now >= 0 and libc.personality(ctypes.c_ulong(now | _ADDR_NO_RANDOMIZE)) >= 0


def _compile(folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Compile, and tell how much the compiler took. Raises ValueError if it fails, ImportError."""
    aot: Any = importlib.import_module("ai_edge_litert.aot.aot_compile")
    vendor: Any = importlib.import_module(f"ai_edge_litert.aot.vendors.{request['backend']}.target")
    result = aot.aot_compile(
        request["model"],
        output_dir=str(folder / "out"),
        target=[vendor.Target(vendor.SocModel(request["soc"]))],
        keep_going=False,
    )
    if len(result.models) != 1:
        message = f"the compiler wrote {len(result.models)} models, expected one"
        raise ValueError(message)
    (found,) = result.models
    shutil.copyfile(found.path, folder / "compiled.tflite")
    stats = found.partition_stats.subgraph_stats if found.partition_stats else ()
    return {
        "operators": sum(each.num_total_ops for each in stats),
        "offloaded": sum(each.num_ops_offloaded for each in stats),
        "partitions": sum(each.num_partitions_offloaded for each in stats),
    }


def _log(folder: Path) -> list[str]:
    """The errors in what the compiler printed: it leaves that in the folder of temporary files."""
    logs = sorted(folder.glob("*.error"))
    lines = logs[-1].read_text(errors="replace").splitlines() if logs else []
    errors = [line for line in lines if "ERROR" in line or "WARNING" in line]
    return (errors or lines)[-_LOG_LINES:]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
