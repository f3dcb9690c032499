"""Tests of the pipeline run on the CPU alone, whatever the machine has; those of accelerators bring their own."""

from __future__ import annotations

import pytest

from mobilekit.runtimes import presence


@pytest.fixture(autouse=True)
def no_accelerators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Software GPUs take seconds per picture."""
    monkeypatch.setattr(presence, "accelerators_here", lambda suffix: ())
