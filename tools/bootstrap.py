"""Set up ``.venv`` exactly as ``requirements.lock`` says; standard library only.

Does nothing when the environment is already that of this lock, this ``pyproject.toml``, this folder
and this Python. The stamp is written last, so an interrupted set-up is started over.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "set-up.sha256"
LOCK = ROOT / "requirements.lock"


def wanted() -> str:
    """Digest of everything that the environment depends on."""
    state = hashlib.sha256(f"{ROOT}\0{sys.version}\0".encode())
    for file in (LOCK, ROOT / "pyproject.toml", Path(__file__)):
        state.update(file.read_bytes() + b"\0")
    return state.hexdigest()


def interpreter() -> Path:
    """The environment's Python."""
    return VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def is_ready(digest: str) -> bool:
    """Whether the environment is complete and its Python still runs."""
    try:
        if STAMP.read_text(encoding="ascii").strip() != digest:
            return False
        check = [str(interpreter()), "-c", "import mobilekit"]
        return subprocess.run(check, check=False, capture_output=True, cwd=VENV).returncode == 0
    except OSError:
        return False


def pip_install(*arguments: str) -> None:
    """Run pip in the environment; exits with a hint when it fails."""
    quiet = [] if sys.stderr.isatty() else ["--quiet", "--progress-bar=off"]
    command = [str(interpreter()), "-I", "-m", "pip", "--disable-pip-version-check", "install", *quiet]
    done = subprocess.run([*command, "--no-input", *arguments], check=False, cwd=ROOT, stdout=sys.stderr)
    if done.returncode:
        fail(
            f"pip could not install {' '.join(arguments)} (exit status {done.returncode}, see above)",
            "check the connection to the package index and the free disk space (1.5 GB), then run again",
        )


def fail(message: str, hint: str) -> None:
    """Print an error with its hint and exit."""
    sys.exit(f"error: {message}\nhint: {hint}")


def main() -> None:
    """Make ``.venv`` what it has to be."""
    digest = wanted()
    if is_ready(digest):
        return
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"setting up .venv with Python {version} (one to three minutes, once)", file=sys.stderr, flush=True)
    try:
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=sys.platform != "win32").create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        fail(f"cannot create {VENV}: {error}", "check that the folder is writable and that ensurepip works")
    pip_install("--require-hashes", "--only-binary=:all:", "-r", str(LOCK))
    pip_install("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    STAMP.write_text(digest + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
