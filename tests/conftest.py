"""What tests of several folders share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """`cli("inspect", "net.onnx")` in an empty folder, as a process of its own with its own cache."""

    def run(*arguments: object, cwd: Path = tmp_path, **environment: str) -> subprocess.CompletedProcess[str]:
        base = {
            "PYTHONPATH": str(ROOT),
            "HOME": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "PATH": "/usr/bin:/bin",
            "COLUMNS": "120",
            "MOBILEKIT_VERIFY": "cpu",  # a software GPU takes seconds per picture
        }
        return subprocess.run(
            [sys.executable, "-m", "mobilekit.cli.app", *map(str, arguments)],
            cwd=cwd,
            env=base | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run
