"""Builds that are killed, that run at once, or elsewhere: same bytes, nothing half-written."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mobilekit.artifact import digest_of_path
from tests.pipeline.support import project, write_target

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ("package", "--target", "mine.toml", "--photos", "photos", "--out", "dist")


def _start(folder: Path, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """`mobilekit ARGUMENTS` in ``folder``, with its own cache."""
    base = {"PYTHONPATH": str(ROOT), "HOME": str(folder), "PATH": "/usr/bin:/bin", "MOBILEKIT_VERIFY": "cpu"}
    return subprocess.Popen(
        [sys.executable, "-m", "mobilekit.cli.app", *map(str, arguments)],
        cwd=folder,
        env=base | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _finish(process: subprocess.Popen[str]) -> str:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return errors


def _published(folder: Path) -> dict[str, str]:
    """Digests of what must be byte-stable: all but the report, which has measured times in it."""
    files = (p for p in sorted((folder / "dist").rglob("*")) if p.is_file() and p.name != "report.json")
    return {str(p.relative_to(folder)): digest_of_path(p) for p in files}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A project that was packaged once: its folder and what was published."""
    folder = tmp_path_factory.mktemp("built")
    write_target(project(folder))
    _finish(_start(folder, *COMMAND, "--store", "store"))
    return folder, _published(folder)


def test_bytes_depend_on_neither_folder_nor_hash_seed_nor_threads(built, tmp_path):
    """Another process, folder, hash seed, time and locale: the same models, manifests and bundles."""
    there = tmp_path / "some where else"
    there.mkdir()
    write_target(project(there))
    settings = {"PYTHONHASHSEED": "4711", "OMP_NUM_THREADS": "1", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    _finish(_start(there, *COMMAND, "--store", "store", **settings))
    assert _published(there) == built[1]
    assert len(built[1]) == 7


def test_unchanged_second_run_is_cached_and_quick(built):
    """It says so, imports none of the heavy libraries, and takes under 2 seconds.

    Seconds of the processor: a machine that does other work at the same time does not count.
    """
    folder, published = built
    code = (
        "import sys; from mobilekit.cli import app; code = app._run();"
        "heavy = {'onnx', 'onnxruntime', 'ai_edge_litert', 'onnx_ir', 'coremltools', 'skimage'} & set(sys.modules);"
        "print('HEAVY', sorted(heavy), file=sys.stderr); sys.exit(code)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code, *COMMAND, "--store", "store"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "HOME": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert "best: cached" in done.stderr
    assert "rest: cached" in done.stderr
    assert "HEAVY []" in done.stderr
    assert _published(folder) == published
    assert took < 2.0


def test_two_builds_at_once_on_one_store_and_one_folder(built, tmp_path):
    """Both end well, and what is published is whole."""
    write_target(project(tmp_path))
    both = [_start(tmp_path, *COMMAND, "--store", "store") for _ in range(2)]
    for process in both:
        _finish(process)
    assert _published(tmp_path) == built[1]
    assert not _temporary(tmp_path)


@pytest.mark.parametrize("stage", ["normalise", "emit", "tier", "published"])
def test_sigkill_leaves_nothing_half_written(built, tmp_path, stage):
    """Killed anywhere, a build leaves whole files only, and the next one succeeds with the same bytes."""
    write_target(project(tmp_path))
    process = _start(tmp_path, *COMMAND, "--store", "store")
    _wait_for(tmp_path, stage, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    left = _published(tmp_path)
    whole = {name: digest for name, digest in left.items() if ".mobilekit-tmp-" not in name}
    assert whole.items() <= built[1].items()
    _finish(_start(tmp_path, *COMMAND, "--store", "store"))
    again = {n: d for n, d in _published(tmp_path).items() if ".mobilekit-tmp-" not in n}
    assert again == built[1]


def _wait_for(folder: Path, stage: str, process: subprocess.Popen[str]) -> None:
    """Until the stage has begun (its folder is in the store), or the first file is published."""
    deadline = time.monotonic() + 120
    wanted = folder / "dist" / "mine" if stage == "published" else folder / "store" / stage
    while not wanted.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert wanted.exists()


def test_damaged_store_is_mended(built, tmp_path):
    """A truncated file in the store is noticed and built again."""
    folder = tmp_path / "copy"
    shutil.copytree(built[0], folder)
    shutil.rmtree(folder / "dist")
    for file in folder.glob("store/tier/*/*/files/bundle.zip"):
        file.write_bytes(file.read_bytes()[:100])
    errors = _finish(_start(folder, *COMMAND, "--store", "store"))
    assert "best: built" in errors
    assert _published(folder) == built[1]


def _temporary(folder: Path) -> list[Path]:
    return [p for p in (folder / "dist").rglob("*") if p.name.startswith(".mobilekit-tmp-")]
