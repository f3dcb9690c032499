"""The memory that a child reports: growth from what it holds when it starts, not from its peak."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from mobilekit.runtimes import child

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@LINUX
def test_memory_freed_earlier_hides_nothing():
    """After a large peak that is over, what is held now is less than the peak: later growth shows."""
    bulk = np.ones(16_000_000, np.float32)
    held = child._resident_bytes()
    del bulk
    assert child._peak_bytes() > held - 4_000_000  # the kernel batches its counts
    assert child._resident_bytes() < held - 32_000_000
    assert child._peak_bytes() > child._resident_bytes()


def test_without_a_status_file_the_peak_is_reported(monkeypatch):
    """Off Linux both figures are the same peak, and growth is never negative."""
    monkeypatch.setattr(Path, "is_file", lambda self: False)
    assert child._status_bytes("VmRSS") is None
    assert 0 <= child._resident_bytes() <= child._peak_bytes()


@LINUX
def test_unknown_figure_is_none():
    """A figure that the system does not give is not made up."""
    assert child._status_bytes("VmNone") is None
    assert child._status_bytes("VmRSS")
