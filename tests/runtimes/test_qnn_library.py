"""A library of Qualcomm's that is installed and cannot be loaded is not there."""

import pytest

from mobilekit.errors import AcceleratorError
from mobilekit.runtimes import qnn, qnn_library
from mobilekit.runtimes.base import Availability

FAKE = (
    "import sys, types; fake = types.ModuleType('onnxruntime_qnn'); sys.modules['onnxruntime_qnn'] = fake\n"
)


def _code(path) -> str:
    paths = f"fake.get_library_path = fake.get_qnn_htp_path = lambda: {str(path)!r}\n"
    return FAKE + paths + qnn_library.LOADING


def test_a_missing_and_a_damaged_library(tmp_path):
    """The system's reason, with the file's name."""
    assert "libQnnHtp.so" in qnn_library.library_fault(_code(tmp_path / "libQnnHtp.so"))
    (tmp_path / "junk.so").write_bytes(b"junk")
    assert "junk.so" in qnn_library.library_fault(_code(tmp_path / "junk.so"))


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("import os; os.abort()", "crashes (SIGABRT)"),
        ("raise SystemExit(3)", "exit code 3"),
        ("raise ImportError('no libnumbers')", "ImportError: no libnumbers"),
        ("pass", ""),
    ],
)
def test_other_ends(code, fault):
    """A crash, an exit, an import that fails; and nothing where all is well."""
    found = qnn_library.library_fault(code)
    assert fault in found
    assert bool(found) == bool(fault)


def test_one_that_hangs(monkeypatch):
    """Is given up on."""
    monkeypatch.setattr(qnn_library, "_LIMIT_S", 0.3)
    assert "did not end within 0.3 s" in qnn_library.library_fault("import time; time.sleep(20)")


def test_the_provider_is_not_there_then(monkeypatch):
    """doctor, package and open_runtime say so alike."""
    monkeypatch.setattr(qnn, "installed", lambda *_, **__: Availability(available=True, detail="a stub"))
    monkeypatch.setattr(qnn, "find_spec", lambda name: name)
    monkeypatch.setattr(qnn, "library_fault", lambda: "libQnnHtp.so: file too short")
    found = qnn.availability()
    assert not found.available
    assert "libQnnHtp.so: file too short" in found.detail
    with pytest.raises(
        AcceleratorError, match=r"no Qualcomm HTP here: .*libQnnHtp\.so: file too short"
    ) as caught:
        qnn.HtpProcess()
    assert "pip install" in caught.value.hint
    monkeypatch.setattr(qnn, "library_fault", lambda: "")
    assert qnn.availability().available
