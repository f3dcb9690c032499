"""One pass over a graph gives each value's extremes and a fair sample, in flat memory."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator

import numpy as np
import onnx
import pytest

from mobilekit.calibrate.observe import SAMPLE_SIZE, channel_extremes, observe, stride
from mobilekit.calibrate.stats import CalibrationStats, bin_edges
from mobilekit.errors import InputDataError, UsageError
from mobilekit.source.graph import Graph, graph_from_proto

MODEL = """<ir_version: 10, opset_import: ["": 21]>
g (float[1, 3, 96, 128] x, float[4] unused) => (float[1, 3, 96, 128] y, float[4] z) {
    r = Relu(x)
    y = Neg(r)
    z = Neg(unused)
    s = ReduceMean<keepdims = 0>(x)
}"""


def graph() -> Graph:
    """The model under test."""
    model = onnx.shape_inference.infer_shapes(onnx.parser.parse_model(MODEL))
    return graph_from_proto(model, stage="legalised")


def feeds(count: int, shift: float = 0.0) -> Iterator[dict[str, np.ndarray]]:
    """Seeded feeds, made one at a time."""
    for index in range(count):
        rng = np.random.default_rng(index)
        yield {
            "x": (rng.normal(size=(1, 3, 96, 128)) + shift).astype(np.float32),
            "unused": np.arange(4, dtype=np.float32),
        }


def test_extremes_are_exact() -> None:
    """Minimum and maximum are those of every element of every photo, means those of each photo's."""
    seen = np.stack([feed["x"] for feed in feeds(5)])
    stats = observe(graph(), feeds(5), values=["x", "r", "y"]).values
    assert (stats["x"].minimum, stats["x"].maximum) == (seen.min(), seen.max())
    assert (stats["r"].minimum, stats["y"].minimum) == (0.0, -seen.max())
    assert stats["x"].extremes == pytest.approx(
        (seen.min((1, 2, 3, 4)).mean(), seen.max((1, 2, 3, 4)).mean())
    )
    assert stats["x"].photos == 5


def test_small_values_are_observed_whole() -> None:
    """A small value is exact, a large one is a sample of at most 16,384 a photo and says so."""
    stats = observe(graph(), feeds(2), values=["z", "s", "x"]).values
    assert stats["z"].exhaustive
    assert stats["z"].count == 8
    assert stats["s"].exhaustive
    assert stats["s"].count == 2
    assert not stats["x"].exhaustive
    assert 2 * SAMPLE_SIZE / 5 < stats["x"].count <= 2 * SAMPLE_SIZE


def test_cheaper_without_extremes() -> None:
    """Without extremes, large values have those of their sample; small ones and pictures are exact still."""
    cheap, full = (observe(graph(), feeds(3), values=["x", "z"], extremes=e).values for e in (False, True))
    assert cheap == full
    assert cheap["x"].picture
    photos = [{"x": np.random.default_rng(i).normal(size=(1, 2048, 8, 8)).astype(np.float32)} for i in (0, 1)]
    cheap, full = (observe(wide_graph(), photos, values=["y"], extremes=e).values for e in (False, True))
    assert cheap["y"].bins == full["y"].bins
    assert full["y"].minimum < cheap["y"].minimum < cheap["y"].maximum < full["y"].maximum
    assert not full["y"].picture


def test_sample_is_fair() -> None:
    """Percentiles of the sample are near those of all elements, even of a picture of columns."""
    columns = np.zeros((1, 3, 96, 128), np.float32)
    columns[..., ::2] = np.linspace(0, 1, 64, dtype=np.float32)
    feed = {"x": columns, "unused": np.zeros(4, np.float32)}
    stats = observe(graph(), [feed], values=["x"]).values["x"]
    zeros = sum(n for i, n in stats.bins.items() if i == 0) / stats.count
    assert zeros == pytest.approx((columns == 0).mean(), abs=0.02)
    assert stats.percentile(90.0)[1] == pytest.approx(np.percentile(columns, 90), rel=0.03)


def wide_graph() -> Graph:
    """A map of many channels and few pixels."""
    text = """<ir_version: 10, opset_import: ["": 21]>
    g (float[1, 2048, 8, 8] x) => (float[1, 2048, 8, 8] y) { y = Neg(x) }"""
    model = onnx.shape_inference.infer_shapes(onnx.parser.parse_model(text))
    return graph_from_proto(model, stage="legalised")


@pytest.mark.parametrize("extremes", [False, True])
def test_small_maps_are_sampled_everywhere(extremes: bool) -> None:
    """Of maps whose border differs from their middle, the sample has as much border as the map.

    Strides alone take rows and columns 0, 3 and 6: 56 % border instead of 44 %, and no last row.
    """
    x = np.full((1, 2048, 8, 8), 1.0, np.float32)
    x[..., 1:-1, 1:-1] = 2.0
    x[..., -1] = 3.0
    stats = observe(wide_graph(), [{"x": x}], values=["y"], extremes=extremes).values["y"]
    counts = {-bin_edges(np.array([i]))[1][0]: n / stats.count for i, n in stats.bins.items()}
    for value in (1.0, 2.0, 3.0):
        assert counts[value] == pytest.approx((x == value).mean(), abs=0.05)


def test_an_infinity_beside_a_sample_is_told() -> None:
    """An infinite element makes its photo unusable: a sample near by shows it as NaN."""
    x = np.ones((1, 2048, 8, 8), np.float32)
    x[0, :, 3, 3] = np.inf
    stats = observe(wide_graph(), [{"x": x}], values=["y"], extremes=False).values["y"]
    assert stats.non_finite == 1
    assert set(stats.bins.values()) == {stats.count}


def test_doubles_are_sampled_too() -> None:
    """Maps that are no float32 are sampled by their flat elements."""
    text = """<ir_version: 10, opset_import: ["": 21]>
    g (double[1, 64, 40, 40] x) => (double[1, 64, 40, 40] y) { y = Neg(x) }"""
    model = onnx.shape_inference.infer_shapes(onnx.parser.parse_model(text))
    feed = {"x": np.random.default_rng(0).normal(size=(1, 64, 40, 40))}
    stats = observe(graph_from_proto(model, stage="legalised"), [feed], values=["y"]).values["y"]
    assert stats.maximum == np.float32(-feed["x"].min()) or stats.maximum == pytest.approx(-feed["x"].min())
    assert SAMPLE_SIZE / 2 < stats.count <= SAMPLE_SIZE


@pytest.mark.parametrize("shape", [(1, 3, 256, 256), (1, 64, 64, 64), (1, 30, 210, 77), (2**20,), (16385,)])
def test_stride_shares_no_factor(shape: tuple[int, ...]) -> None:
    """The step is at least size/16,384, not much more, and coprime to every side."""
    step = stride(shape)
    assert all(math.gcd(step, side) == 1 for side in shape)
    assert math.prod(shape) / SAMPLE_SIZE <= step <= math.prod(shape) / SAMPLE_SIZE + 12


def test_shards_merge_to_the_whole() -> None:
    """Photos observed in two runs and merged are as if observed in one."""
    photos = list(feeds(4))
    whole = observe(graph(), photos, values=["r", "z"])
    parts = [observe(graph(), part, values=["r", "z"]) for part in (photos[:1], photos[1:])]
    assert parts[1].merge(parts[0]).to_json() == whole.to_json()


def test_progress_and_nothing_to_do() -> None:
    """Progress counts photos; without values nothing runs; without photos there is an error."""
    calls: list[tuple[int, int]] = []
    observe(graph(), list(feeds(2)), values=["z"], progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]
    assert observe(graph(), feeds(1), values=[]) == CalibrationStats(values={})
    with pytest.raises(InputDataError, match="no samples"):
        observe(graph(), [], values=["z"])
    with pytest.raises(UsageError, match="cannot observe nothing"):
        observe(graph(), feeds(1), values=["nothing"])


def test_infinite_values_are_counted_apart() -> None:
    """Infinity and NaN do not spoil the statistics, and are not forgotten."""
    feed = next(feeds(1))
    bad = {**feed, "unused": np.array([1, np.inf, np.nan, -3], np.float32)}
    stats = observe(graph(), [feed, bad], values=["z"]).values["z"]
    assert stats.non_finite == 1
    assert (stats.minimum, stats.maximum) == (-3.0, 3.0)


def test_memory_is_flat() -> None:
    """Forty photos take no more memory than four (NumPy's allocations are traced)."""
    peaks = []
    for count in (4, 40):
        tracemalloc.start()
        observe(graph(), feeds(count), values=["x", "r", "y"])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2


def test_channel_extremes() -> None:
    """The largest magnitude per channel over all photos."""
    seen = np.stack([feed["x"] for feed in feeds(3, shift=-1.0)])
    found = channel_extremes(graph(), feeds(3, shift=-1.0), values={"x": 1})
    assert np.array_equal(found["x"], np.abs(seen).max(axis=(0, 1, 3, 4)).astype(np.float64))
