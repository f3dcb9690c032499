"""Pieces of what was just joined, and the one cell of an axis."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil, check_node_mil
from tests.legalise.support import noise, text_graph


@pytest.mark.parametrize(
    ("sizes", "left"), [([2, 3], {"relu": 1, "sqrt": 1, "abs": 1, "exp": 1}), ([3, 2], None)]
)
def test_split_of_concat(sizes, left):
    """The same pieces are the operands; others are cut."""
    text = (
        "g (float[1,2,4] a, float[1,3,4] b) => "
        f"(float[1,{sizes[0]},4] y, float[1,{sizes[1]},4] z) {{ p = Relu (a) q = Abs (b)"
        " c = Concat<axis=1> (p, q) u, v = Split<axis=1> (c, s) y = Sqrt (u) z = Exp (v) }"
    )
    feed = {"a": noise(1, 2, 4), "b": noise(1, 3, 4, seed=1)}
    feed = {name: np.abs(value) for name, value in feed.items()}
    found = check_mil(text_graph(text, {"s": np.array(sizes)}), feed)
    assert (found == left) if left else (found["split"], found["concat"]) == (1, 1)


def test_only_cell():
    """A place on an axis of one cell is a Reshape; on a longer one a Gather."""
    assert check_node_mil("Gather", [noise(1, 4, 3), np.array(0)], axis=0) == {"reshape": 1}
    assert check_node_mil("Gather", [noise(2, 4, 3), np.array(1)], axis=0) == {"gather": 1}
