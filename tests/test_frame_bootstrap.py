"""The set-up finds a Python that works, past those that do not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell script")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A checkout whose bootstrap.py only says which Python runs it, and an empty PATH folder."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "tools/bootstrap.sh", tmp_path / "tools")
    (tmp_path / "tools/bootstrap.py").write_text("import sys; print(sys.argv[1:], sys.flags.isolated)")
    for tool in ("sh", "cat", "dirname"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return tmp_path


def add(folder: Path, name: str, script: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!{shutil.which('sh')}\n{script}\n")
    (folder / name).chmod(0o755)


def run(place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [place / "bin/sh", place / "tools/bootstrap.sh", "argument"],
        env={"PATH": str(place / "bin"), "HOME": str(place / "home")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


GOOD = f'echo "$0" >&2; exec {sys.executable} "$@"'


def test_a_failing_shim_is_passed_over(place):
    """A python3.12 on the PATH that fails does not stop the search; pyenv's real one is found."""
    add(place / "bin", "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
    add(place / "home/.pyenv/versions/3.12.1/bin", "python", GOOD)
    add(place / "bin", "python3.11", GOOD)
    done = run(place)
    assert done.returncode == 0
    assert "3.12.1/bin/python" in done.stderr
    assert done.stdout.strip() == "['argument'] 1"


def test_a_wrong_version_is_passed_over(place):
    """A python3 that is too old, or lacks venv, is not taken."""
    add(place / "bin", "python3", "exit 1")
    add(place / "bin", "python3.11", GOOD)
    assert "bin/python3.11" in run(place).stderr


def test_a_named_python_comes_first(place):
    """PYTHON=… is tried before the others."""
    add(place / "bin", "python3.12", GOOD)
    add(place / "mine", "python", GOOD)
    assert "mine/python" in run(place, PYTHON=str(place / "mine/python")).stderr


@pytest.mark.skipif(os.path.exists("/usr/bin/python3"), reason="the last resort, /usr/bin/python3, is there")  # noqa: PTH110
def test_nothing_found(place):
    """Without any, it says what to install."""
    done = run(place)
    assert done.returncode == 1
    assert "error: no working Python" in done.stderr
    assert "apt-get install" in done.stderr
