"""States are zeros until written, and belong to the caller."""

import numpy as np

from mobilekit.runtimes.mil_reference.state import State
from mobilekit.runtimes.mil_reference.types import TensorType


def test_a_state_is_zeros_until_it_is_written():
    """A state is zeros until it is written, then what was written, in its own type."""
    held = {}
    state = State(name="s", type=TensorType(dtype="fp16", shape=(2,)), values=held)
    np.testing.assert_array_equal(state.read(), [0, 0])
    state.write(np.array([1, 2049], np.float32))
    assert held["s"].dtype == np.float16
    np.testing.assert_array_equal(state.read(), [1, 2048])
