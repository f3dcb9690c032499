"""Whether Qualcomm's library for HTP can be loaded: installed is not enough, and only loading it tells.

The system's C library may be too old for it, a file may be missing or damaged. Without this, ONNX Runtime
says no more than that operators were left to the CPU.
"""

from __future__ import annotations

import functools
import subprocess
import sys

from mobilekit.runtimes.isolated import environment, signal_name

LOADING = (
    "import ctypes, sys, onnxruntime_qnn\n"
    "try:\n"
    "    ctypes.CDLL(onnxruntime_qnn.get_library_path())\n"
    "    ctypes.CDLL(onnxruntime_qnn.get_qnn_htp_path())\n"
    "except OSError as error:\n"
    "    sys.exit(str(error))\n"
)
_LIMIT_S = 60.0


@functools.cache
def library_fault(code: str = LOADING) -> str:
    """Why the library cannot be loaded; "" where it can. Loaded in a process of its own (0.1 s), once."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_LIMIT_S,
            env=environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"loading it did not end within {_LIMIT_S:g} s"
    if done.returncode == 0:
        return ""
    if done.returncode < 0:
        return f"loading it crashes ({signal_name(-done.returncode)})"
    said = done.stderr.strip().splitlines()
    return said[-1].strip() if said else f"loading it ends with exit code {done.returncode}"
