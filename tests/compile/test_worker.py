"""The child that compiles: fixed addresses, and answers for every failure."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from mobilekit.compile import worker

_SHOW = "from mobilekit.compile.worker import fixed_addresses as f; import subprocess as s; print(f()); "
_SHOW += "run = lambda: s.run(['cat', '/proc/self/maps'], capture_output=True).stdout; print(run() == run())"


@pytest.mark.skipif(sys.platform != "linux", reason="addresses can be fixed on Linux only")
def test_processes_start_at_the_same_addresses() -> None:
    """What it says is so: two processes have the same map of memory, where the system lets them."""
    done = subprocess.run([sys.executable, "-c", _SHOW], capture_output=True, text=True, check=True)
    said, found = done.stdout.split()
    assert said == found or said == "False"


def test_elsewhere_addresses_are_not_touched(monkeypatch) -> None:
    """And it says so."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert worker.fixed_addresses() is False


@pytest.mark.parametrize(
    ("error", "key", "text"),
    [
        (ImportError("no module aot"), "missing", "no module aot"),
        (ValueError("failed\nmore"), "refused", "failed"),
        (FileNotFoundError("no binary"), "refused", "no binary"),
    ],
)
def test_failures_are_answers(tmp_path, monkeypatch, error, key, text) -> None:
    """With the errors of the compiler's log, without the rest of it."""
    (tmp_path / "request.json").write_text("{}")
    (tmp_path / "log.error").write_text("INFO: begun\nERROR: no such operator\nINFO: gone\n")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(worker, "_compile", fail)
    monkeypatch.setattr(worker, "fixed_addresses", lambda: True)
    worker.main(tmp_path)
    answer = json.loads((tmp_path / "answer.json").read_text())
    assert text == answer[key]
    assert answer.get("log", ["ERROR: no such operator"]) == ["ERROR: no such operator"]
