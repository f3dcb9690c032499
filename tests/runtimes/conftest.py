"""A tiny file and a feed for it, for the tests of what executes files."""

import numpy as np
import pytest

from tests.runtimes.support import scaled_tanh


@pytest.fixture
def path(tmp_path):
    """Y = tanh(x × factors), with metadata."""
    (tmp_path / "net.tflite").write_bytes(scaled_tanh())
    return tmp_path / "net.tflite"


@pytest.fixture
def x():
    """A feed of seeded noise."""
    return np.random.default_rng(0).standard_normal((1, 3, 4, 5)).astype(np.float32)
