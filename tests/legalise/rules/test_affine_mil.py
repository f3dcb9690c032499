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
    assert _found(np.float32(2), np.float32(1)) == {"linear_activation": 1}


def test_read_in_between():
    """The product is needed itself."""
    outputs = "float[1,4,3,3] y, float[1,4,3,3] m"
    assert _found(noise(4, 1, 1), noise(4, 1, 1), outputs=outputs) == {"mul": 1, "add": 1}


INSIDE = (
    'c = Conv (x, w) r = Resize<mode="linear", coordinate_transformation_mode="align_corners"> (c, , , z)'
    " d = Conv<strides=[1,1]> (u, v, b) j = Concat<axis=1> (r, d) m = Mul (j, s) y = Add (m, o)"
)
WEIGHTS = {
    "w": noise(2, 4, 1, 1, seed=1), "z": np.array([1, 2, 5, 5]), "v": noise(3, 4, 1, 1, seed=2), "b": noise(3),
    "s": noise(5, 1, 1, seed=3), "o": noise(5, 1, 1, seed=4),
}  # fmt: skip


@pytest.mark.parametrize(("more", "left"), [("", 0), (", float[1,3,5,5] d", 1)])
def test_inside_the_convolutions_before(more, left):
    """Through a join and a resampling; not if one part is needed as it is."""
    text = f"g (float[1,4,3,3] x, float[1,4,5,5] u) => (float[1,5,5,5] y{more}) {{ {INSIDE} }}"
    feed = {"x": noise(1, 4, 3, 3, seed=5), "u": noise(1, 4, 5, 5, seed=6)}
    found = check_mil(text_graph(text, WEIGHTS), feed)
    assert (found["batch_norm"], found["mul"] + found["add"], found["conv"]) == (left, 0, 2)
