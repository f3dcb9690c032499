"""A shuffle behind a convolution in groups ends in the constants of what follows; or it stays."""

import numpy as np
import pytest

from tests.normalise.support import constants_of, model, normalised, ops

RNG = np.random.default_rng(0)
ORDER = np.array([2, 0, 3, 1])
CONSTANTS = {
    "grouped": RNG.normal(size=(4, 2, 1, 1)).astype(np.float32),
    "own": RNG.normal(size=(4, 1, 3, 3)).astype(np.float32),
    "b": RNG.normal(size=4).astype(np.float32),
    "dense": RNG.normal(size=(4, 4, 1, 1)).astype(np.float32),
    "slope": RNG.normal(size=(4, 1, 1)).astype(np.float32),
    "row": RNG.normal(size=(6,)).astype(np.float32),
    "order": ORDER,
}
SHUFFLED = "c = Conv <group = 2> (x, grouped) g = Gather <axis = 1> (c, order) "
DEPTHWISE = "Conv <group = 4, pads = [1, 1, 1, 1]>"


@pytest.mark.parametrize(
    "path",
    [
        f"d = {DEPTHWISE} (g, own, b)",
        f"e = {DEPTHWISE} (g, own) d = PRelu (e, slope)",
        "e = LeakyRelu (g) d = Mul (slope, e)",
        "e = Sub (g, slope) d = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (e)",
    ],
    ids=["depthwise", "slopes", "factor first", "pool"],
)
def test_what_it_passes(path):
    """Equal results (normalise compares), without the Gather."""
    result = normalised(model(f"{SHUFFLED} {path} y = Conv (d, dense, b)"), **CONSTANTS)
    assert "Gather" not in ops(result)


def test_all_branches_at_once():
    """The convolution that is an end changes for its branch alone, though others have the same weights."""
    body = f"""{SHUFFLED} d = {DEPTHWISE} (g, own) e = PRelu (d, slope) f = Conv (e, dense)
        k = Relu (g) l = Conv (k, dense) m = Conv (x, dense) n = Add (f, l) y = Add (n, m)"""
    result = normalised(model(body), **CONSTANTS)
    assert "Gather" not in ops(result)
    assert len([v for v in constants_of(result).values() if v.shape == (4, 4, 1, 1)]) == 2


@pytest.mark.parametrize(
    "path",
    [
        "y = Relu (g)",
        "d = Relu (g) y = Add (d, c)",
        "d = Add (g, row) y = Conv (d, dense)",
        "d = Conv <group = 2> (g, grouped) y = Conv (d, dense)",
        "d = Conv (g, dense) e = Relu (g) y = Add (d, e)",
        "d = Softmax <axis = 1> (g) y = Conv (d, dense)",
    ],
    ids=["output", "met by itself", "rows", "groups", "a branch that ends elsewhere", "across channels"],
)
def test_what_it_does_not_pass(path):
    """Then nothing is changed at all."""
    assert ops(normalised(model(SHUFFLED + path), **CONSTANTS))[:2] == ["Conv", "Gather"]
