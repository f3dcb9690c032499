"""Values in another order of axes or in another shape: what has a place there, and what has none."""

import numpy as np
import pytest

from mobilekit.normalise.frames import Permuted, Viewed

LAST = Permuted((0, 2, 3, 1))


def test_a_permuted_frame_has_every_axis():
    """[N, H, W, C] outside is [N, C, H, W] inside."""
    assert LAST.shape((1, 5, 6, 4)) == (1, 4, 5, 6)
    assert LAST.axes([1, 2]) == (2, 3)
    assert LAST.axis(3) == 1
    value = np.arange(4).reshape(1, 1, 4)
    assert LAST.constant(value, 4).shape == (1, 4, 1, 1)


def test_a_permuted_frame_has_no_other_ranks():
    """Nor constants of more axes than the values that they belong to."""
    assert LAST.shape((5, 6, 4)) is None
    assert LAST.constant(np.ones((1, 1, 1, 1, 4)), 4) is None
    assert LAST.constant(np.ones(4), 3) is None


FLAT = Viewed(inner=(2, 3, 4, 5), outer=(2, 3, 20))
ONES = Viewed(inner=(2, 12), outer=(2, 1, 12))


@pytest.mark.parametrize(
    ("frame", "outer", "inner"),
    [
        (FLAT, (2, 3, 20), (2, 3, 4, 5)),
        (FLAT, (2, 3, 1), (2, 3, 1, 1)),
        (FLAT, (1, 7, 20), (1, 7, 4, 5)),
        (ONES, (2, 1, 16), (2, 16)),
        (FLAT, (2, 3, 10), None),
        (FLAT, (2, 60), None),
        (ONES, (2, 3, 12), None),
    ],
)
def test_shapes_in_a_view(frame, outer, inner):
    """An axis of its own may have any size; one of several only its own, or 1."""
    assert frame.shape(outer) == inner


@pytest.mark.parametrize(
    ("frame", "axes", "inner"),
    [
        (FLAT, [2], (2, 3)),
        (FLAT, [1, 2], (1, 2, 3)),
        (Viewed(inner=(2, 60), outer=(2, 3, 20)), [1, 2], (1,)),
        (Viewed(inner=(2, 60), outer=(2, 3, 20)), [2], None),
        (Viewed(inner=(2, 60), outer=(2, 3, 20)), [0, 1], None),
    ],
)
def test_reductions_in_a_view(frame, axes, inner):
    """A reduction over a part of an axis has no equal."""
    assert frame.axes(axes) == inner


@pytest.mark.parametrize(
    ("frame", "outer", "inner"),
    [(FLAT, 1, 1), (FLAT, 2, None), (ONES, 2, 1), (Viewed(inner=(2, 60), outer=(2, 3, 20)), 2, None)],
)
def test_one_axis_in_a_view(frame, outer, inner):
    """Softmax, Concat and Slice need an axis that is one on both sides."""
    assert frame.axis(outer) == inner


def test_constants_in_a_view():
    """Those that vary over whole groups of axes, or not at all; no others."""
    row = np.arange(20)
    np.testing.assert_array_equal(FLAT.constant(row, 3), row.reshape(1, 1, 4, 5))
    assert FLAT.constant(np.ones((2, 3, 1)), 3).shape == (2, 3, 1, 1)
    assert FLAT.constant(np.ones(10), 3) is None
    assert FLAT.constant(np.ones(20), 4) is None
