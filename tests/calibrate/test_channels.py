"""Sketches of channels: exact on small values, thinned out on maps, photo by photo."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.calibrate.channels import LEVELS, MASSES, channel_sketches
from mobilekit.errors import InputDataError
from mobilekit.source.graph import Graph, graph_from_proto


def graph(side: int) -> Graph:
    """Twice a map of this side, and its means."""
    text = f"""<ir_version: 10, opset_import: ["": 21]>
    g (float[2, 3, {side}, {side}] x) => (float[2, 3] y) <int64[2] hw = {{2, 3}}> {{
        m = Add(x, x)
        y = ReduceMean<keepdims = 0>(m, hw)
    }}"""
    model = onnx.shape_inference.infer_shapes(onnx.parser.parse_model(text))
    return graph_from_proto(model, stage="legalised")


def feeds(side: int) -> list[dict[str, np.ndarray]]:
    """Two photos."""
    rng = np.random.default_rng(0)
    return [{"x": rng.normal(size=(2, 3, side, side)).astype(np.float32)} for _ in range(2)]


def test_small_values_whole() -> None:
    """Extremes, medians, means and mean squares of each channel of each photo, images together."""
    given = feeds(9)
    found = channel_sketches(graph(9), given, values=["m", "y", "m"])
    sketch = found["m"]
    flat = 2.0 * np.stack([f["x"].swapaxes(0, 1).reshape(3, -1) for f in given])
    assert sketch.quantiles.shape == (2, 3, LEVELS.size)
    assert np.allclose(sketch.quantiles[:, :, 0], flat.min(axis=2))
    assert np.allclose(sketch.quantiles[:, :, -1], flat.max(axis=2))
    assert np.allclose(sketch.means, flat.mean(axis=2), atol=1e-6)
    assert np.allclose(sketch.variances, flat.var(axis=2), atol=1e-6)
    assert np.allclose(sketch.reach(0), np.abs(flat).max(axis=(0, 2)))
    assert (sketch.reach(3) < sketch.reach(0)).all()
    assert sketch.finite
    assert found["y"].quantiles.shape == (2, 3, LEVELS.size)


def test_maps_are_thinned_out() -> None:
    """What a large map's sketch says of its distribution stays near the truth."""
    given = feeds(120)
    sketch = channel_sketches(graph(120), given, values=["m"])["m"]
    assert np.allclose(np.sqrt(sketch.variances), 2.0, rtol=0.1)
    assert np.allclose(sketch.quantiles[:, :, LEVELS.size // 2], 0.0, atol=0.3)


def test_levels_weigh_one() -> None:
    """The quantiles are in order and symmetric, and stand for all values together."""
    assert (np.diff(LEVELS) > 0).all()
    assert np.allclose(LEVELS, 1.0 - LEVELS[::-1])
    assert np.isclose(MASSES.sum(), 1.0)


def test_infinite_values_show_and_no_samples_fail() -> None:
    """A photo with NaN makes a sketch that is not finite."""
    given = feeds(9)
    given[1]["x"][0, 0, 0, 0] = np.nan
    assert not channel_sketches(graph(9), given, values=["m"])["m"].finite
    assert channel_sketches(graph(9), given, values=[]) == {}
    with pytest.raises(InputDataError, match="no samples"):
        channel_sketches(graph(9), [], values=["m"])
