"""ReverseSequence turns the first steps of each sequence around."""

import numpy as np
import pytest

from tests.legalise.support import check_node_file, noise


@pytest.mark.parametrize("time", [0, 1])
@pytest.mark.parametrize("runtime", [(0,), (0, 1)])
@pytest.mark.parametrize("more", [(), (2, 3)])
def test_lengths(time, runtime, more):
    """Lengths known or not, from one to all; either axis may be the time."""
    shape = (5, 4) if time == 0 else (4, 5)
    operands = [noise(*shape, *more), np.array([1, 5, 3, 2])]
    ops = check_node_file("ReverseSequence", operands, runtime=runtime, time_axis=time, batch_axis=1 - time)
    assert "ReverseSequence" not in ops
