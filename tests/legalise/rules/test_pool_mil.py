"""One window over a whole map is a reduction; a smaller window, or one with pads, is a pool."""

import pytest

from tests.legalise.mil import check_node_mil
from tests.legalise.support import noise


@pytest.mark.parametrize(("op", "kind"), [("AveragePool", "reduce_mean"), ("MaxPool", "reduce_max")])
@pytest.mark.parametrize("shape", [(1, 2, 7), (1, 2, 6, 5), (1, 2, 3, 4, 5)])
def test_whole_map(op, kind, shape):
    """Over one, two and three axes."""
    assert check_node_mil(op, [noise(*shape) - 3], kernel_shape=shape[2:]) == {kind: 1}


@pytest.mark.parametrize("op", ["AveragePool", "MaxPool"])
@pytest.mark.parametrize("more", [{"kernel_shape": [6, 4]}, {"kernel_shape": [6, 5], "pads": [0, 0, 1, 1]}])
def test_pool(op, more):
    """Windows that see less, or more."""
    kind = {"AveragePool": "avg_pool", "MaxPool": "max_pool"}[op]
    assert check_node_mil(op, [noise(1, 2, 6, 5) - 3], **more) == {kind: 1}
