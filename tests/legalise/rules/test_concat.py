"""Concat of many: groups of at most five where that copies little twice; the values stay the same."""

import numpy as np
import pytest

from tests.legalise.support import check_node, noise


def rows(*heights, width=4):
    """Maps of these heights."""
    return [noise(1, height, width, seed=i) for i, height in enumerate(heights)]


@pytest.mark.parametrize(
    ("heights", "concats"),
    [
        ((1, 1, 1, 1, 16), 1),
        ((1, 1, 1, 1, 16, 1, 1, 1, 1), 3),
        ((1, 1, 1, 1, 16, 1), 2),
        ((2, 2, 2, 2, 2, 2), 2),
        ((2,) * 8, 2),
        ((2,) * 12, 1),
        ((16,) * 6 + (1,), 2),
    ],
)
def test_groups(heights, concats):
    """Up to five stay one Concat, a border of small pieces is joined first, a dozen equal ones stay."""
    found = check_node("Concat", rows(*heights), runtime=range(len(heights)), axis=1)
    assert found == ["Concat"] * concats


def test_other_axes_and_constants():
    """Negative axes count from the end; constant operands are operands like others."""
    parts = [noise(2, 3, 1, seed=i) for i in range(7)]
    assert check_node("Concat", parts, runtime=(0, 2, 5), axis=-1) == ["Concat"] * 2


def test_integers_stay():
    """XNNPACK joins no integers: nothing is gained."""
    parts = [np.arange(i, i + 3) for i in range(7)]
    assert check_node("Concat", parts, runtime=range(7), axis=0) == ["Concat"]
