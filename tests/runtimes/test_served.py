"""A driver in a process of its own: its answers, and crashes, hangs and kills as errors that leave nothing behind."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from mobilekit.errors import AcceleratorError, ModelFileError, WorkerError
from mobilekit.runtimes.isolated import environment
from mobilekit.runtimes.served import DriverProcess, last_error
from tests.runtimes.stub_driver import COMMAND


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where temporary files go, to see that none stay."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def child(scratch):
    """A process with the stub driver; nothing of it is left when it is closed."""
    process = DriverProcess("the stub", command=COMMAND)
    yield process
    process.close()
    assert not process.alive
    assert list(scratch.iterdir()) == []


def told(tmp_path, *words):
    """A file that says what the driver does."""
    path = tmp_path / "net.stub"
    path.write_text(" ".join(words))
    return path


def test_it_answers_again_and_again(child, tmp_path):
    """One process opens several files and runs each several times; arrays keep their types."""
    for options in ({"a": 1}, {"a": 2}):
        facts = child.open("stub", told(tmp_path), options, timeout_s=30)
        assert (facts["opened"], facts["a"]) == ("net.stub", options["a"])
        for value in (
            np.arange(6, dtype=np.int8).reshape(2, 3),
            np.float32(1.5).reshape(()),
            np.zeros((0, 2)),
        ):
            out = child.run({"x/y": value}, timeout_s=30, doing="running")["x/y"]
            np.testing.assert_array_equal(out, 2 * value)
            assert (out.dtype, out.shape) == (value.dtype, value.shape)
    assert child.log.splitlines().count("INFO: opening") == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (
            "abort",
            r"the stub crashed \(SIGABRT\) while opening .*it said: F0000 gpu.cc:7 Check failed: alpha",
        ),
        ("kill", r"ended by SIGKILL while opening"),
        ("exit", r"ended with exit code 3 while opening"),
        ("raise", r"the stub, opening .*Failed to modify graph"),
    ],
)
def test_a_failing_driver_is_an_accelerator_error(child, tmp_path, fault, error):
    """How it ended, what it was doing, and its last words; the next file gets a new process."""
    with pytest.raises(AcceleratorError, match=error):
        child.open("stub", told(tmp_path, f"opening:{fault}"), {}, timeout_s=30)
    assert child.alive == (fault == "raise")
    assert child.open("stub", told(tmp_path), {}, timeout_s=30)["opened"] == "net.stub"


def test_a_hang_while_opening_is_given_up_on(child, tmp_path):
    """In time, and its process is ended."""
    start = time.monotonic()
    with pytest.raises(AcceleratorError, match=r"did not finish opening .* within 1 s, and was ended"):
        child.open("stub", told(tmp_path, "opening:hang"), {}, timeout_s=1)
    assert time.monotonic() - start < 10
    assert not child.alive


def test_a_hang_while_running_is_given_up_on(child, tmp_path):
    """In time, and its process is ended; the time limit is said."""
    child.open("stub", told(tmp_path, "running:hang"), {}, timeout_s=30)
    with pytest.raises(AcceleratorError, match=r"did not finish running x within 1 s") as caught:
        child.run({"x": np.zeros(1)}, timeout_s=1, doing="running x")
    assert "timeout_s" in caught.value.hint
    assert not child.alive


def test_a_killed_child_is_an_error_not_a_hang(child, tmp_path):
    """Killed between two runs, from outside."""
    child.open("stub", told(tmp_path), {}, timeout_s=30)
    os.kill(child._process.pid, signal.SIGKILL)
    with pytest.raises(AcceleratorError, match="SIGKILL"):
        child.run({"x": np.zeros(1)}, timeout_s=30, doing="running net.stub")


def test_a_child_that_hangs_while_closing_is_ended(child, tmp_path, monkeypatch):
    """Closing does not wait for ever."""
    monkeypatch.setattr("mobilekit.runtimes.served._LINGER_S", 0.5)
    child.open("stub", told(tmp_path, "closing:hang"), {}, timeout_s=30)
    child.close()
    assert not child.alive


def test_typed_errors_come_through(child, tmp_path):
    """The driver's own errors keep their type and hint."""
    with pytest.raises(ModelFileError, match="no TFLite file") as caught:
        child.open("stub", told(tmp_path, "opening:typed"), {}, timeout_s=30)
    assert caught.value.hint == "convert again"


def test_a_command_that_is_not_there(scratch):
    """A command that is not there is a worker error."""
    with pytest.raises(WorkerError, match="cannot start"):
        DriverProcess("the stub", command=["/nowhere/python"]).open("stub", Path("x"), {}, timeout_s=5)
    assert list(scratch.iterdir()) == []


def test_a_forgotten_child_ends_with_its_owner(scratch, tmp_path):
    """Nobody closed it: its process and its files go with the object."""
    child = DriverProcess("the stub", command=COMMAND)
    child.open("stub", told(tmp_path), {}, timeout_s=30)
    process = child._process
    del child
    assert process.poll() is not None
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process by signal")
def test_a_child_whose_parent_was_killed_ends_and_cleans_up(scratch, tmp_path):
    """A parent that is gone cannot close: the child sees its input end."""
    killed = _killed_while("os.kill(os.getpid(), 9)", scratch, told(tmp_path))
    assert killed.returncode == -9, killed.stderr
    assert _empty_within(20, scratch)


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process by signal")
def test_so_does_one_that_was_busy(scratch, tmp_path):
    """Its answer reaches nobody: it still removes its folder."""
    code = (
        "import threading, numpy as np; threading.Timer(0.5, lambda: os.kill(os.getpid(), 9)).start();"
        "child.run({'in': np.zeros(3)}, timeout_s=30, doing='running')"
    )
    killed = _killed_while(code, scratch, told(tmp_path, "running:nap"))
    assert killed.returncode == -9, killed.stderr
    assert list(scratch.iterdir())
    assert _empty_within(20, scratch)


def _killed_while(doing: str, scratch: Path, path: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import os, sys, tempfile; from pathlib import Path; tempfile.tempdir = sys.argv[1];"
        "from mobilekit.runtimes.served import DriverProcess; from tests.runtimes.stub_driver import COMMAND;"
        "child = DriverProcess('the stub', command=COMMAND);"
        f"child.open('stub', Path(sys.argv[2]), {{}}, timeout_s=30); {doing}"
    )
    command = [sys.executable, "-c", code, str(scratch), str(path)]
    return subprocess.run(
        command,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        text=True,
        check=False,
        env=environment(),
    )


def _empty_within(seconds: float, folder: Path) -> bool:
    deadline = time.monotonic() + seconds
    while list(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not list(folder.iterdir())


def test_a_temporary_folder_that_takes_nothing(child, tmp_path, monkeypatch):
    """Neither a traceback nor the store's fault: the folder is named."""

    def full(*_args, **_keywords):
        raise OSError(errno.ENOSPC, "No space left on device")

    child.open("stub", told(tmp_path), {}, timeout_s=30)
    monkeypatch.setattr(np, "save", full)
    with pytest.raises(WorkerError, match=r"temporary folder \(.*temporary\): No space left") as caught:
        child.run({"in": np.zeros(3)}, timeout_s=30, doing="running")
    assert "TMPDIR" in caught.value.hint
    monkeypatch.undo()


def test_no_temporary_folder_at_all(tmp_path, monkeypatch):
    """Before any child is started."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(WorkerError, match=r"temporary folder .*nowhere.*No such file"):
        DriverProcess("the stub", command=COMMAND).open("stub", Path("x"), {}, timeout_s=5)


def test_last_words():
    """The last line that speaks of an error, else the last that is not mere information."""
    assert last_error("INFO: a\nERROR: b\nINFO: c\n") == "ERROR: b"
    assert last_error("a\nb\n\n") == "b"
    assert last_error("W0 odd\nI0000 delegate_kernel.cc:984] Initializing\n# LIBNATIVE: no\n") == "W0 odd"
    assert last_error("INFO: a\nWARNING: Logging before InitGoogle() is written to STDERR\n") == ""
    assert last_error("") == ""
