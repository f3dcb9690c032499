"""Libraries that are here, and are not: told without importing them."""

from __future__ import annotations

import subprocess
import sys

from mobilekit.runtimes.installed import installed


def test_what_is_here_has_a_version() -> None:
    """That of its distribution; without one it is unknown."""
    assert installed("numpy", distribution="numpy", title="NumPy").detail.startswith("NumPy 2.")
    assert installed("json", distribution="no-such-thing", title="JSON").detail == "JSON of unknown version"


def test_what_is_not_here_says_what_to_install() -> None:
    """By the name of the distribution."""
    found = installed("no_such_module", distribution="no-such-thing", title="Nothing")
    assert (found.available, found.detail) == (
        False,
        "Nothing is not installed; pip install no-such-thing",
    )


def test_looking_for_accelerators_imports_no_runtime() -> None:
    """An unchanged build looks for them every time."""
    code = (
        "import sys; from mobilekit.runtimes.presence import accelerators_here as here;"
        "here('.tflite'); here('.qdq.onnx');"
        "print({'ai_edge_litert', 'onnxruntime', 'onnx', 'onnxruntime_qnn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
