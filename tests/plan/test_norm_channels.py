"""Intervals before a norm weigh clipping against steps, in units of each photo's deviation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.calibrate.channels import LEVELS, ChannelSketch
from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.norm_channels import behind_norms, intervals, two_intervals
from mobilekit.source.graph import Graph
from tests.plan.norm_graph import norm_graph


def sketch_of(photos: list[np.ndarray]) -> ChannelSketch:
    """One channel per row, values of each photo."""
    rows = [np.sort(each, axis=1) for each in photos]
    places = np.round(LEVELS * (rows[0].shape[1] - 1)).astype(int)
    return ChannelSketch(
        quantiles=np.stack([r[:, places] for r in rows]),
        means=np.stack([r.mean(axis=1) for r in rows]),
        squares=np.stack([np.square(r).mean(axis=1) for r in rows]),
    )


def test_bounded_values_are_held_whole() -> None:
    """Uniform values, off centre: the interval is theirs; a margin goes beyond on both sides."""
    values = np.random.default_rng(0).uniform(2.0, 6.0, size=(1, 2049))
    low, high = intervals(sketch_of([values]))
    assert np.allclose((low[0], high[0]), (values.min(), values.max()), atol=0.01)
    wider = intervals(sketch_of([values]), margin=0.25)
    assert np.allclose(np.ravel(wider), (1.0, 7.0), atol=0.05)


def test_a_flat_photo_counts_in_its_own_unit() -> None:
    """Beside a photo of little contrast, more of the contrasty one is clipped than without it."""
    rng = np.random.default_rng(0)
    bold = rng.standard_t(3, size=(1, 2049))
    calm = 0.02 * rng.normal(size=(1, 2049))
    alone, both = intervals(sketch_of([bold])), intervals(sketch_of([bold, calm]))
    assert both[1][0] - both[0][0] < alone[1][0] - alone[0][0]
    dead = intervals(sketch_of([np.zeros((1, 2049))]))
    assert dead[0][0] == dead[1][0] == 0.0


def test_two_intervals_are_fine_where_most_values_are() -> None:
    """Heavy tails: the fine interval has most values, the coarse one all; bounded values need a wide one."""
    rng = np.random.default_rng(0)
    bold = rng.standard_t(3, size=(1, 2049)) + 5.0
    found = two_intervals(sketch_of([bold]))
    inside = np.abs(bold - found.middle[0]) <= found.half[0]
    assert 0.8 < inside.mean() < 1.0
    assert abs(found.middle[0] - bold.mean()) < 1e-6
    assert found.half[0] * found.ratio >= np.abs(bold - found.middle[0]).max()
    even = two_intervals(sketch_of([rng.uniform(-1.0, 1.0, size=(1, 2049))]))
    assert even.ratio < found.ratio


def test_behind_norms_are_norms_and_their_relus(graph_of: Callable[..., Graph]) -> None:
    """Not what a convolution makes, before or after."""
    assert behind_norms(view_of(norm_graph(graph_of))) == {"n", "r"}
