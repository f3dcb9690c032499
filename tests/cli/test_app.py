"""The program: exit codes, messages, streams."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mobilekit.cli import app
from mobilekit.errors import ShapeError

ROOT = Path(__file__).resolve().parents[2]


def run_app(monkeypatch, capsys, failure: BaseException | None, *arguments: str):
    """`mobilekit ARGUMENTS doctor`, where doctor does nothing but fail."""

    def examine():
        if failure is not None:
            raise failure
        return ()

    monkeypatch.setattr("mobilekit.doctor.examine", examine)
    monkeypatch.setattr(sys, "argv", ["mobilekit", *arguments, "doctor", "--json"])
    with pytest.raises(SystemExit) as exited:
        app.main()
    output = capsys.readouterr()
    return exited.value.code, output.out, output.err


def test_success(monkeypatch, capsys):
    """A command that ends well exits with 0 and prints its data to stdout alone."""
    assert run_app(monkeypatch, capsys, None) == (0, "[]\n", "")


def test_our_errors(monkeypatch, capsys):
    """An error of ours becomes two lines on stderr and its own exit code."""
    failure = ShapeError("input x has dynamic dimensions", hint="give --shape x=1,3,8,8")
    code, out, err = run_app(monkeypatch, capsys, failure)
    assert (code, out) == (14, "")
    assert err == "error: input x has dynamic dimensions\nhint: give --shape x=1,3,8,8\n"


def test_no_hint_no_line(monkeypatch, capsys):
    """Without a hint there is no hint line."""
    assert run_app(monkeypatch, capsys, ShapeError("no"))[2] == "error: no\n"


def test_too_little_memory_is_no_bug(monkeypatch, capsys):
    """Sizes are the user's: the hint is about them."""
    code, _, err = run_app(monkeypatch, capsys, MemoryError("Unable to allocate 112. GiB"))
    assert code == 1
    assert err.startswith("error: out of memory: Unable to allocate 112. GiB\nhint: use smaller shapes")


def test_bugs_have_no_traceback(monkeypatch, capsys):
    """Any other exception is a bug: one line, a hint, exit code 1."""
    code, out, err = run_app(monkeypatch, capsys, ZeroDivisionError("division"))
    assert (code, out) == (1, "")
    assert err.startswith("error: internal error: ZeroDivisionError: division\nhint: ")
    assert "Traceback" not in err


def test_debug_shows_the_traceback(monkeypatch, capsys):
    """--debug shows where an error came from, and keeps its exit code."""
    code, _, err = run_app(monkeypatch, capsys, ShapeError("no"), "--debug")
    assert code == 14
    assert "Traceback" in err
    assert "error: no\n" in err
    assert "Traceback" not in run_app(monkeypatch, capsys, ShapeError("no"))[2]


def test_interrupt(monkeypatch, capsys):
    """Ctrl-C is exit code 130, without a traceback."""
    code, _, err = run_app(monkeypatch, capsys, KeyboardInterrupt())
    assert code == 130
    assert err == "interrupted\n"


def test_usage_errors(cli):
    """A flag that does not exist is exit code 2 with the usage."""
    done = cli("package", "--no-such-flag")
    assert done.returncode == 2
    assert "--no-such-flag" in done.stderr
    assert done.stdout == ""


def test_nobody_reads(tmp_path):
    """A reader that leaves (`| head -1`) is no error to talk about."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "mobilekit.cli.app", "--help"],
        stdout=writer,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
    )
    os.close(writer)
    assert done.stderr == b""


def test_no_color(cli):
    """Without a terminal there are no escape sequences; NO_COLOR forbids them in any case."""
    assert "\x1b" not in cli("--help").stdout
    forced = cli("--help", FORCE_COLOR="1", NO_COLOR="1").stdout
    assert "\x1b[3" not in forced


def test_version(cli):
    """--version prints name and version."""
    done = cli("--version")
    assert done.stdout.startswith("mobilekit ") or "PackageNotFoundError" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="ends a process by signal")
def test_terminated(monkeypatch, capsys):
    """SIGTERM unwinds, so that children and temporary folders go; afterwards it does what it did before."""
    cleaned = []

    def examine():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            cleaned.append(True)
        return ()

    monkeypatch.setattr("mobilekit.doctor.examine", examine)
    monkeypatch.setattr(sys, "argv", ["mobilekit", "doctor", "--json"])
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as exited:
        app.main()
    assert (exited.value.code, cleaned) == (143, [True])
    assert capsys.readouterr() == ("", "terminated\n")
    assert signal.getsignal(signal.SIGTERM) is before


def test_whoever_handles_sigterm_goes_on_doing_so(monkeypatch, capsys):
    """A program that calls this one and ignores the signal is left alone."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert run_app(monkeypatch, capsys, None) == (0, "[]\n", "")
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
