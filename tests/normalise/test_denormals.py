"""Denormal weights become zero, the smallest normal ones stay."""

import numpy as np
import pytest

from mobilekit.normalise.pipeline import normalise
from tests.normalise.support import constants_of, graph_of, model, normalised, run


def test_only_denormals_are_flushed():
    """1e-41 goes, 2e-38 and zero stay as they are."""
    weights = np.array([1e-41, -1e-40, 2e-38, 0, 1, -3], np.float32)
    result = normalised(model("y = Mul (x, w)"), w=weights)
    (found,) = constants_of(result).values()
    np.testing.assert_array_equal(found, np.array([0, 0, 2e-38, 0, 1, -3], np.float32))


@pytest.mark.parametrize(
    "body", ["m = Max (x, w) y = Div (x, m)", "r = Relu (x) m = Max (r, w) y = Log (m)", "r = Relu (x) a = Add (r, w) y = Div (r, a)"]
)  # fmt: skip
def test_what_keeps_from_zero_stays(body):
    """0 / max(0, 1e-40) is 0, log(1e-40) is -92: with a zero instead they are no numbers."""
    graph = graph_of(model(body, shape="1,4"), {"w": np.array(1e-40, np.float32)})
    feed = {"x": np.zeros((1, 4), np.float32)}
    wanted = run(graph, feed)["y"]
    assert np.isfinite(wanted).all()
    np.testing.assert_allclose(run(normalise(graph, samples=()).graph, feed)["y"], wanted, rtol=1e-5)
