"""A file executed in a child process: the same values, and crashes and hangs as errors."""

import sys
import tempfile

import numpy as np
import pytest

from mobilekit.errors import InputDataError, ModelFileError, UnsoundArtifactError, WorkerError
from mobilekit.runtimes.isolated import run_isolated
from mobilekit.runtimes.litert import open_tflite

CRASH = "import ctypes, faulthandler; ctypes.string_at(0)"
ABORT = "import os, sys; sys.stderr.write('div.cc:242 data[i] != 0 was not true\\n'); sys.stderr.flush(); os.abort()"


def test_it_gives_what_a_session_gives(path, x):
    """It gives what a session gives."""
    feeds = [{"x": x}, {"x": -x}]
    with open_tflite(path, threads=1) as session:
        expected = [session.run(feed)["y"] for feed in feeds]
    got = run_isolated(path, feeds, threads=1).outputs
    assert [list(outputs) for outputs in got] == [["y"], ["y"]]
    for want, have in zip(expected, got, strict=True):
        np.testing.assert_array_equal(want, have["y"])


def test_it_measures_when_asked_to(path, x):
    """Times and memory of the child alone, under the runtime's name; nothing is timed unasked."""
    measured = run_isolated(path, [{"x": x}], timed=True)
    assert measured.runtime.startswith("LiteRT")
    assert measured.latency_ms > 0
    assert 1 <= measured.runs <= 5
    assert 0 < measured.memory_bytes < 1 << 30
    assert run_isolated(path, [{"x": x}]).runs == 0


def test_typed_errors_come_through(path, x, tmp_path):
    """Typed errors come through."""
    with pytest.raises(InputDataError, match="got float64"):
        run_isolated(path, [{"x": x.astype(np.float64)}])
    with pytest.raises(ModelFileError, match="No such file"):
        run_isolated(tmp_path / "none.tflite", [])


@pytest.mark.parametrize(("code", "fault"), [(CRASH, "SIGSEGV"), (ABORT, r"SIGABRT.*data\[i\] != 0")])
def test_a_crash_is_an_unsound_artifact(path, x, code, fault):
    """A crash is an unsound artifact."""
    with pytest.raises(UnsoundArtifactError, match=fault):
        run_isolated(path, [{"x": x}], command=[sys.executable, "-c", code])


def test_a_hang_is_a_worker_error(path, x):
    """A hang is a worker error."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(WorkerError, match=r"within 0\.5 s"):
        run_isolated(path, [{"x": x}], timeout_s=0.5, command=command)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("raise SystemExit(3)", "exit code 3"),
        ("pass", "exit code 0"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
    ],
)
def test_any_other_death_is_a_worker_error(path, x, code, fault):
    """Any other death is a worker error."""
    with pytest.raises(WorkerError, match=fault):
        run_isolated(path, [{"x": x}], command=[sys.executable, "-c", code])


def test_a_missing_interpreter_is_a_worker_error(path, tmp_path):
    """A missing interpreter is a worker error."""
    with pytest.raises(WorkerError, match="cannot start"):
        run_isolated(path, [], command=[str(tmp_path / "nopython")])


def test_no_temporary_folder_is_a_worker_error(path, x, tmp_path, monkeypatch):
    """The folder is named, and how to choose another."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(WorkerError, match=r"temporary folder .*nowhere") as caught:
        run_isolated(path, [{"x": x}])
    assert "TMPDIR" in caught.value.hint
