"""Two 1×1 convolutions in a row are one; not around an activation, nor where that is more work."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph


def _found(body, hidden, outputs="float[1,5,3,3] y", **more):
    text = f"g (float[1,4,3,3] x) => ({outputs}) {{ {body} }}"
    constants = {"v": noise(hidden, 4, 1, 1, seed=1), "w": noise(5, hidden, 1, 1, seed=2), **more}
    return check_mil(text_graph(text, constants), {"x": noise(1, 4, 3, 3)})


@pytest.mark.parametrize("biases", ["", "a", "b", "ab"])
def test_one_of_two(biases):
    """With the biases that either has."""
    first, second = (f", {name}" if name in biases else "" for name in "ab")
    more = {name: noise(size, seed=3) for name, size in (("a", 6), ("b", 5)) if name in biases}
    assert _found(f"h = Conv (x, v{first}) y = Conv (h, w{second})", 6, **more) == {"conv": 1}


def test_a_narrow_one_between():
    """Through one channel is less work than at once."""
    assert _found("h = Conv (x, v) y = Conv (h, w)", 1) == {"conv": 2}


def test_something_between():
    """An activation, a stride, another reader."""
    assert _found("h = Conv (x, v) r = Relu (h) y = Conv (r, w)", 6) == {"conv": 2, "relu": 1}
    assert _found("h = Conv (x, v) y = Conv (h, w)", 6, "float[1,5,3,3] y, float[1,6,3,3] h") == {"conv": 2}
    strided = "h = Conv<strides=[2,2]> (x, v) y = Conv (h, w)"
    assert _found(strided, 6, "float[1,5,2,2] y") == {"conv": 2}
    grouped = {"w": np.ascontiguousarray(noise(6, 3, 1, 1, seed=2))}
    assert _found("h = Conv (x, v) y = Conv<group=2> (h, w)", 6, "float[1,6,3,3] y", **grouped) == {"conv": 2}
