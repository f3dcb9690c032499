"""Summaries and bars."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mobilekit.cli.output import Bars, human_size, print_files, print_json


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_892_159, "3.9 MB"), (42_000_000, "42.0 MB")],
)
def test_sizes(size, text):
    """Sizes are in decimal units."""
    assert human_size(size) == text


def test_summary_goes_to_stderr(capsys):
    """Each file with size and SHA-256, on stderr."""
    print_files([(Path("a.tflite"), 12, "ab" * 32), (Path("longer/name.json"), 3, "cd" * 32)])
    output = capsys.readouterr()
    assert output.out == ""
    first, second = output.err.splitlines()
    assert first == f"a.tflite               12 B  sha256 {'ab' * 32}"
    assert second == f"longer/name.json        3 B  sha256 {'cd' * 32}"


def test_measured_file_has_no_digest(capsys):
    """A file that differs from run to run is marked, and the others are not."""
    print_files([(Path("report.json"), 12, None), (Path("model.tflite"), 3, "cd" * 32)])
    first, second = capsys.readouterr().err.splitlines()
    assert first == "report.json        12 B  (measured)"
    assert second.endswith(f"sha256 {'cd' * 32}")


def test_json_alone_on_stdout(capsys):
    """JSON is on stdout, paths as texts; NaN is refused, since it is no JSON."""
    print_json({"path": Path("x")})
    assert json.loads(capsys.readouterr().out) == {"path": "x"}
    with pytest.raises(ValueError, match="JSON"):
        print_json(float("nan"))


def test_bars_are_quiet_without_a_terminal(capsys):
    """No bar where stderr is no terminal."""
    with Bars() as bars:
        bars("calibrating", 1, 2)
    assert capsys.readouterr().err == ""


def test_bars_on_a_terminal(monkeypatch, capsys):
    """A bar per step where stderr is one."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Bars() as bars:
        bars("calibrating", 1, 2)
        bars("calibrating", 2, 2)
        assert len(bars._tasks) == 1
    assert "calibrating" in capsys.readouterr().err
