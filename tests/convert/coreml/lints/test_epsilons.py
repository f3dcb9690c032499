"""An epsilon that float16 rounds to zero is named, in a norm or added by hand."""

import numpy as np
import pytest

from tests.convert.coreml.lints.graphs import found, graph_of

NORM = "(float[1,2,4,4] x) => (float[1,2,4,4] y) { y = mobilekit.Normalize <axes = [2,3]> (x, s, b, e) }"


@pytest.mark.parametrize(("epsilon", "expected"), [(1e-12, ["y"]), (1e-8, ["y"]), (1e-5, []), (0.0, [])])
def test_epsilons(epsilon, expected):
    one = np.ones((1, 1, 1, 1), np.float32)
    constants = {"s": one, "b": one, "e": one * np.float32(epsilon)}
    assert found("epsilon", graph_of(NORM, constants)) == expected
    by_hand = graph_of("(float[2] x) => (float[2] y) { y = Add (x, e) }", {"e": one[0, 0, 0] * epsilon})
    assert found("epsilon", by_hand) == expected
    assert found("epsilon", by_hand, precision="fp32") == []
