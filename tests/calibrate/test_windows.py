"""Samples of maps are spread over every place, however small the map and many its channels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobilekit.calibrate.windows import windows

SIDES = st.integers(4, 300)


def hits(channels: int, height: int, width: int, count: int) -> np.ndarray:
    """How often each place of a map is sampled, over all channels."""
    rows, columns = windows((height, width), channels=channels, count=count)
    found = np.zeros((height, width), dtype=int)
    for top, left in zip(rows.phases(channels), columns.phases(channels), strict=True):
        down = top * rows.dilation + np.arange(rows.count) * rows.step
        across = left * columns.dilation + np.arange(columns.count) * columns.step
        found[np.ix_(down, across)] += 1
    return found


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), SIDES, SIDES, st.integers(1, 5000))
def test_never_outside_and_never_too_many(channels: int, height: int, width: int, count: int) -> None:
    """Every sample is inside the map, and there are at most ``count`` of a channel, at least one."""
    found = hits(channels, height, width, count)
    assert channels <= found.sum() <= channels * count


@pytest.mark.parametrize(
    ("channels", "height", "width"),
    [(16384, 8, 8), (4096, 8, 8), (2048, 16, 16), (1280, 10, 10), (1024, 20, 15), (512, 7, 7), (96, 33, 33)],
)
def test_small_maps_of_many_channels(channels: int, height: int, width: int) -> None:
    """Borders and corners have about their share, and most places are met.

    A stride from the first element on would sample the upper left corner of 16384 × 8 × 8 only.
    """
    found = hits(channels, height, width, 16384 // channels)
    border = np.ones((height, width), dtype=bool)
    border[1:-1, 1:-1] = False
    assert found[border].sum() / found.sum() == pytest.approx(border.mean(), abs=0.08)
    assert found[0, 0] <= 2 * found.mean()
    assert (found > 0).mean() > 0.6


@pytest.mark.parametrize(("channels", "side"), [(1, 256), (3, 512), (64, 256), (24, 160)])
def test_every_phase_is_met(channels: int, side: int) -> None:
    """Of what was enlarged or shuffled from a smaller map, every phase has its share, nearly."""
    found = hits(channels, side, side, 16384 // channels)
    for factor in (2, 4):
        for axis in (0, 1):
            along = found.sum(axis=axis).reshape(-1, factor).sum(axis=0)
            assert along.min() > 0.7 * along.max()
