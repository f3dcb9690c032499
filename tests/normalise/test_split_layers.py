"""A 1×1 convolution that is only taken apart is one per part; others keep their Split."""

import numpy as np
import pytest

from tests.normalise.support import model, normalised, ops

RNG = np.random.default_rng(0)


def _ops(body, *, inputs=3, outputs=8, window=1, sizes=(4, 4), groups=1, bias=True, axis=1):
    values = {
        "w": RNG.normal(size=(outputs, inputs // groups, window, window)).astype(np.float32),
        "sizes": np.array(sizes),
    }
    if bias:
        values["b"] = RNG.normal(size=outputs).astype(np.float32)
    head = f"c = Conv <group = {groups}> (x, w{', b' if bias else ''}) "
    split = f"p, q = Split <axis = {axis}> (c, sizes) "
    return ops(normalised(model(head + split + body, shape=f"1,{inputs},6,6", out="1,k,l,m"), **values))


BODY = "s = Sigmoid (p) t = Tanh (q) y = Concat <axis = 1> (t, s)"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sizes": (1, 7)},
        {"bias": False},
        {"inputs": 32, "outputs": 48, "sizes": (16, 32)},
    ],
    ids=["halves", "unequal", "no bias", "tiles"],
)
def test_a_convolution_per_part(options):
    """Few inputs in any parts, more in parts of whole tiles."""
    assert sorted(_ops(BODY, **options)) == ["Concat", "Conv", "Conv", "Sigmoid", "Tanh"]


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({"inputs": 8}, BODY),
        ({"inputs": 32, "outputs": 48, "sizes": (24, 24)}, BODY),
        ({"window": 3}, BODY),
        ({"inputs": 4, "groups": 2}, BODY),
        ({"sizes": (3, 3), "axis": 2}, BODY),
        ({}, "s = Sigmoid (p) t = Tanh (q) u = Concat <axis = 1> (t, s) y = Mul (u, c)"),
    ],
    ids=["half tiles", "tiles and a half", "windows", "groups", "rows", "read whole"],
)
def test_what_stays_whole(options, body):
    """Parts that cost more than the whole, groups, other axes, and a result that is read as a whole too."""
    found = _ops(body, **options)
    assert found.count("Split") == 1
    assert found.count("Conv") == 1
