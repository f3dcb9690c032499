"""Padding and numbers of windows, by hand."""

import pytest

from mobilekit.runtimes.mil_reference.windows import Window, integers, padding, windows


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "same", "same_lower"),
    [
        (5, 3, 1, 1, (1, 1), (1, 1)),
        (5, 2, 1, 1, (0, 1), (1, 0)),
        (6, 3, 2, 1, (0, 1), (1, 0)),
        (5, 3, 1, 2, (2, 2), (2, 2)),
        (4, 1, 2, 1, (0, 0), (0, 0)),
    ],
)
def test_same(size, kernel, stride, dilation, same, same_lower):
    """The odd element of padding lies after the data, with same_lower before it."""
    axes = windows([size], [kernel], [stride], [dilation])
    assert padding("same", [9, 9], axes) == [same]
    assert padding("same_lower", [9, 9], axes) == [same_lower]


def test_pad_counts_only_where_it_is_custom():
    """``pad`` is used by custom alone; an unknown type is an error."""
    axes = windows([5, 6], [3, 3], [1, 1])
    assert padding("custom", [1, 2, 3, 4], axes) == [(1, 2), (3, 4)]
    assert padding("valid", [1, 2, 3, 4], axes) == [(0, 0), (0, 0)]
    with pytest.raises(ValueError, match="pad_type 'full'"):
        padding("full", [0] * 4, axes)


@pytest.mark.parametrize(
    ("window", "pads", "floor", "ceil"),
    [
        ((7, 2, 2), (0, 0), 3, 4),
        ((6, 2, 2), (0, 0), 3, 3),
        # A fourth window would begin in the padding behind the data: it does not count.
        ((5, 2, 2), (1, 1), 3, 3),
    ],
)
def test_count(window, pads, floor, ceil):
    """With ceil a last window may hang over, if it begins early enough."""
    size, kernel, stride = window
    axis = Window(size=size, kernel=kernel, stride=stride)
    assert axis.count(*pads) == floor
    assert axis.count(*pads, ceil=True) == ceil


def test_integers():
    """The default stands for an absent vector only."""
    assert integers(None, [1, 2]) == [1, 2]
    assert integers([0, 0], [1, 2]) == [0, 0]
