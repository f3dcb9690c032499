"""Channel shuffles become one Gather; what only looks like one stays."""

import numpy as np

from tests.legalise.support import check, noise, text_graph

TEXT = "g (float[2,6,3,5] x) => (float[2,6,3,5] y) {{ a = Reshape(x, s) b = Transpose<perm={perm}>(a) y = Reshape(b, t) }}"


def _ops(perm: str, grouped: tuple[int, ...]) -> list[str]:
    constants = {"s": np.array(grouped, np.int64), "t": np.array((2, 6, 3, 5), np.int64)}
    return check(text_graph(TEXT.format(perm=perm), constants), {"x": noise(2, 6, 3, 5)})


def test_a_shuffle_is_a_gather():
    """Two or three groups, read in columns."""
    assert _ops("[0,2,1,3,4]", (2, 2, 3, 3, 5)) == ["Gather"]
    assert _ops("[0,2,1,3,4]", (2, 3, 2, 3, 5)) == ["Gather"]


def test_other_transposes_are_left():
    """A transpose that moves the map, or groups that span the map, are no shuffle."""
    assert "Gather" not in _ops("[0,1,2,4,3]", (2, 2, 3, 3, 5))
    assert "Gather" not in _ops("[0,2,1,3,4]", (2, 3, 6, 1, 5))
