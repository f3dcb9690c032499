"""coremltools is imported alone, and without a word."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mobilekit import libraries
from mobilekit.errors import MissingToolError


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)


def test_alone_and_silent() -> None:
    """No framework is loaded, nothing is printed, and what was hidden can be imported after."""
    found = run(
        "import sys; from mobilekit.libraries import coremltools; assert coremltools() is coremltools();"
        "assert not {'tensorflow', 'torch', 'sklearn', 'xgboost'} & set(sys.modules), 'left behind'"
    )
    assert found.stdout == ""
    assert found.stderr == ""


def test_what_is_loaded_stays() -> None:
    """A module that was there before is there after."""
    run(
        "import sys, types; sys.modules['torch'] = fake = types.ModuleType('torch');"
        "from mobilekit.libraries import _hidden\n"
        "with _hidden(('torch', 'sklearn')):\n"
        "    assert sys.modules['torch'] is fake and sys.modules['sklearn'] is None\n"
        "assert sys.modules['torch'] is fake and 'sklearn' not in sys.modules"
    )


def test_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no wheel, the error says so."""
    monkeypatch.setitem(sys.modules, "coremltools", None)
    with pytest.raises(MissingToolError) as error:
        libraries.coremltools()
    assert "coremltools" in error.value.message
    assert "pip install coremltools" in (error.value.hint or "")
