"""Pads of zeros go into convolutions; other pads stay."""

import numpy as np
import pytest

from tests.normalise.support import model, normalised, ops

W = {"w": np.ones((4, 4, 3, 3), np.float32)}


def _conv(pads, extra="", more=None):
    body = f"r = Relu (x) p = Pad {extra} (r, pads{', v' if more is not None else ''}) y = Conv <kernel_shape = [3,3]> (p, w)"
    constants = {**W, "pads": np.array(pads, np.int64)}
    if more is not None:
        constants["v"] = np.array(more, np.float32)
    return ops(normalised(model(body, out="1,4,?,?".replace("?", "n")), **constants))


def test_zeros_into_the_convolution():
    """Also where they are not the same on all sides."""
    assert _conv([0, 0, 1, 0, 0, 0, 2, 1]) == ["Relu", "Conv"]


def test_what_is_flushed_to_zero_is_zero():
    """Paddle's zero can be a number below the smallest normal one."""
    assert _conv([0, 0, 1, 1, 0, 0, 1, 1], "", np.float32(1.5e-43)) == ["Relu", "Conv"]


@pytest.mark.parametrize(
    ("pads", "extra", "value"),
    [
        ([0, 0, 1, 1, 0, 0, 1, 1], "", 1.0),
        ([0, 0, 1, 1, 0, 0, 1, 1], "", 1e-30),
        ([0, 1, 1, 1, 0, -1, 1, 1], "", 0.0),
        ([0, 0, 1, 1, 0, 0, 1, 1], '<mode = "reflect">', None),
        ([0, 0, -1, 1, 0, 0, 1, 1], "", None),
    ],
)
def test_what_is_not_the_convolutions_padding(pads, extra, value):
    """Ones, small numbers, channels, reflections and crops."""
    assert _conv(pads, extra, value) == ["Relu", "Pad", "Conv"]
