"""A factor and an offset per channel are one operator; along other axes, or read in between, they are two."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph


def _found(scale, offset, body="m = Mul (x, s) y = Add (m, o)", outputs="float[1,4,3,3] y"):
    text = f"g (float[1,4,3,3] x) => ({outputs}) {{ {body} }}"
    return check_mil(text_graph(text, {"s": scale, "o": offset}), {"x": noise(1, 4, 3, 3)})


@pytest.mark.parametrize("body", ["m = Mul (x, s) y = Add (m, o)", "m = Mul (s, x) y = Add (o, m)"])
def test_per_channel(body):
    """In either order of operands."""
    assert _found(noise(4, 1, 1), noise(1, 4, 1, 1), body) == {"batch_norm": 1}
    assert _found(noise(4, 1, 1), np.float32(2), body) == {"batch_norm": 1}


@pytest.mark.parametrize("shape", [(3,), (4, 3, 3), (3, 1)])
def test_along_other_axes(shape):
    """Columns, cells and rows."""
    assert _found(noise(*shape), noise(4, 1, 1)) == {"mul": 1, "add": 1}


def test_two_numbers():
    """The same everywhere: arithmetic, not a norm."""
    assert _found(np.float32(2), np.float32(1)) == {"mul": 1, "add": 1}


def test_read_in_between():
    """The product is needed itself."""
    outputs = "float[1,4,3,3] y, float[1,4,3,3] m"
    assert _found(noise(4, 1, 1), noise(4, 1, 1), outputs=outputs) == {"mul": 1, "add": 1}
