"""Norms of a reshaped map are norms of the map, by group or by axis; other groupings stay between Reshapes."""

import numpy as np
import pytest

from tests.normalise.support import model, normalised, ops


def _ops(groups, back, *, scale=None, shape="1,4,6,6", there=None):
    count = len(scale) if scale is not None else groups
    values = {
        "g": np.ones(count, np.float32) if scale is None else np.array(scale, np.float32),
        "z": np.zeros(count, np.float32),
        "there": np.array(there or [1, groups, -1]),
        "back": np.array(back),
    }
    body = "r = Abs (x) t = Reshape (r, there) n = InstanceNormalization (t, g, z) y = Reshape (n, back)"
    return ops(normalised(model(body, shape=shape, out=",".join(map(str, back))), **values))


def test_groups_of_channels():
    """Two channels of four each."""
    assert _ops(2, [1, 4, 6, 6]) == ["Abs", "GroupNormalize"]


@pytest.mark.parametrize(("groups", "scale"), [(1, None), (4, None), (4, [1, 2, 3, 4])])
def test_axes(groups, scale):
    """One group is a norm over channels, rows and columns; as many as channels an instance norm."""
    assert _ops(groups, [1, 4, 6, 6], scale=scale) == ["Abs", "Normalize"]


@pytest.mark.parametrize(
    ("groups", "back"),
    [(2, [1, 6, 4, 6]), (8, [1, 4, 6, 6]), (3, [1, 4, 6, 6])],
    ids=["another shape", "half channels", "across channels"],
)
def test_what_is_no_group(groups, back):
    """Other shapes behind it, and groups that cut channels."""
    found = _ops(groups, back)
    assert "GroupNormalize" not in found
    assert "Reshape" in found
