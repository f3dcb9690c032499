"""The child's half of a served driver: every request has an answer, every failure is one."""

import numpy as np
import pytest

from mobilekit.runtimes import server


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A server with the stub driver, asked in this process."""
    monkeypatch.setattr(server, "DRIVERS", {"stub": "tests.runtimes.stub_driver"})
    served = server.Server(tmp_path)

    def asked(*words, **request):
        (tmp_path / "net.stub").write_text(" ".join(words))
        return served.answer({"driver": "stub", "path": str(tmp_path / "net.stub"), "options": {}, **request})

    return asked


def test_open_run_close(asked, tmp_path):
    """Facts, then arrays in files, then nothing."""
    assert asked(do="open")["facts"]["opened"] == "net.stub"
    np.save(tmp_path / "in-0.npy", np.arange(3))
    assert asked(do="run", inputs=["x"]) == {"outputs": ["x"]}
    assert np.load(tmp_path / "out-0.npy").tolist() == [0, 2, 4]
    assert asked(do="close") == {}
    assert asked(do="run", inputs=[])["message"] == "no file is open"


def test_failures_are_answers(asked):
    """Ours by their type, with the hint; anything else as an accelerator's."""
    assert asked("opening:typed", do="open") == {
        "error": "ModelFileError",
        "message": "no TFLite file",
        "hint": "convert again",
    }
    found = asked("opening:raise", do="open")
    assert (found["error"], found["hint"]) == ("AcceleratorError", "")
    assert "Failed to modify graph" in found["message"]
    assert asked(do="open", driver="none")["error"] == "AcceleratorError"


def test_opening_closes_what_was_open(asked):
    """One file at a time, and a failing one is not open afterwards."""
    asked(do="open")
    assert "error" in asked("opening:raise", do="open")
    assert asked(do="run", inputs=[])["message"] == "no file is open"
