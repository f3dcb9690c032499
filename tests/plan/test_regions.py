"""Which operators must be float together."""

from __future__ import annotations

import numpy as np

from mobilekit.convert.tflite.quantisable import operators
from mobilekit.plan.regions import Regions
from mobilekit.plan.simulate import Source

TEXT = """
g (float[1, 3, 16, 16] x) => (float[1, 3, 14, 14] y, float[1, 3, 16, 16] z) {
    a = Conv<pads = [1, 1, 1, 1]>(x, w)
    p = MaxPool<kernel_shape = [3, 3], strides = [1, 1]>(a)
    y = Conv(p, u)
    z = Conv(a, u)
}"""


def test_a_value_goes_with_maker_and_readers(graph_of) -> None:
    """What only moves data is looked through; weights concern their own operator alone."""
    rng = np.random.default_rng(0)
    graph = graph_of(TEXT, {"w": rng.normal(size=(3, 3, 3, 3)), "u": rng.normal(size=(3, 3, 1, 1))})
    regions = Regions(operators(graph))
    assert regions.removing(Source(kind="value", name="a")) == ("a", "p", "y", "z")
    assert regions.removing(Source(kind="value", name="x")) == ("a",)
    assert regions.removing(Source(kind="operands", name="y")) == ("y",)
