"""Which elements a statistic is taken from, through any Reshape."""

import pytest

from mobilekit.normalise.grouping import Across, Trailing, axes_in, channel_groups, grouping, matches


@pytest.mark.parametrize(
    ("shape", "axes", "expected"),
    [
        ((1, 4, 6, 6), (2, 3), Trailing(4)),
        ((1, 4, 36), (2,), Trailing(4)),
        ((1, 4, 1, 36), (3,), Trailing(4)),
        ((2, 4, 6), (0, 1, 2), Trailing(1)),
        ((2, 4, 6), (), Trailing(48)),
        ((1, 4, 6, 6), (1,), Across((1, 4, 6, 6), (1,))),
        ((1, 6, 6, 4), (1, 2), Across((1, 6, 6, 4), (1, 2))),
        ((1, 6, 6, 1), (1, 2), Trailing(1)),
    ],
)
def test_grouping(shape, axes, expected):
    """Axes of size 1 do not matter."""
    assert grouping(shape, axes) == expected


def test_matches():
    """Broadcasting must meet the groups exactly: same count is not enough."""
    assert matches(Trailing(4), (1, 4, 6, 6), (1, 4, 1, 1))
    assert matches(Trailing(4), (1, 4, 6, 6), (4, 1, 1))
    assert matches(Trailing(4), (4, 36), (4, 1))
    assert not matches(Trailing(4), (1, 4, 4, 4), (1, 1, 4, 1))
    assert not matches(Trailing(4), (1, 4, 4), (4,))
    assert not matches(Trailing(2), (1, 4, 6, 6), (1, 2, 1, 1))
    assert matches(Across((1, 4, 6), (1,)), (1, 4, 6), (1, 1, 6))
    assert not matches(Across((1, 4, 6), (1,)), (4, 6), (1, 6))


def test_axes_and_groups_in_another_shape():
    """Groups of channels are no axes."""
    assert axes_in(Trailing(4), (1, 4, 6, 6)) == (2, 3)
    assert axes_in(Trailing(2), (1, 4, 6, 6)) is None
    assert channel_groups(Trailing(2), (1, 4, 6, 6)) == 2
    assert channel_groups(Trailing(3), (1, 4, 6, 6)) is None
    assert axes_in(Across((1, 4, 6), (1,)), (1, 4, 6, 1)) is None
