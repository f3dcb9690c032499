"""A branch whose last factor is zero is left out; one with a bias is not."""

import numpy as np

from tests.normalise.support import model, normalised, ops

RNG = np.random.default_rng(4)
WEIGHTS = RNG.normal(size=(4, 4, 1, 1)).astype(np.float32)


def test_a_zero_factor():
    """Layer scale that training has left at 1e-41."""
    body = "c = Conv (x, w) r = Tanh (c) p = Mul (g, r) y = Add (x, p)"
    result = normalised(model(body + " "), w=WEIGHTS, g=np.full((1, 4, 1, 1), 1e-41, np.float32))
    assert ops(result) == ["Identity"]
    assert "a branch that is zero" in [r.kind for r in result.recognised]


def test_zero_weights_without_bias():
    """The convolution and what follows it."""
    body = "r = Relu (x) c = Conv (r, w) t = Tanh (c) s = Add (t, r) y = Abs (s)"
    assert ops(normalised(model(body), w=np.zeros((4, 4, 1, 1), np.float32))) == ["Relu", "Abs"]


def test_zero_weights_with_a_bias_and_zero_in_one_channel_stay():
    """The negative twins."""
    body = "c = Conv (x, w, b) t = Tanh (c) y = Add (t, x)"
    zeros = np.zeros((4, 4, 1, 1), np.float32)
    assert ops(normalised(model(body), w=zeros, b=np.ones(4, np.float32))) == ["Conv", "Tanh", "Add"]
    factor = np.array([0, 1, 2, 3], np.float32).reshape(1, 4, 1, 1)
    assert ops(normalised(model("t = Tanh (x) m = Mul (t, g) y = Add (m, x)"), g=factor)) == [
        "Tanh",
        "Mul",
        "Add",
    ]
