"""Several processes observe what one does, to the last character, and their failures are typed."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import onnx
import pytest

from mobilekit.calibrate.observe import observe
from mobilekit.calibrate.samples import SampleSource
from mobilekit.calibrate.shards import observe_in_shards
from mobilekit.errors import InputDataError, PhotoError, UsageError, WorkerError
from mobilekit.source.graph import Graph, graph_from_proto

MODEL = """<ir_version: 10, opset_import: ["": 21]>
g (float[1, 3, 96, 128] x) => (float[1, 24, 48, 64] y, float[1, 24] z) {
    c = Conv<strides = [2, 2], pads = [1, 1, 1, 1]>(x, w)
    y = Relu(c)
    z = ReduceMean<keepdims = 0>(y, axes)
}"""


def graph() -> Graph:
    """A convolution, activated and averaged."""
    model = onnx.parser.parse_model(MODEL)
    weights = np.random.default_rng(0).normal(size=(24, 3, 3, 3)).astype(np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([2, 3]), "axes"))
    return graph_from_proto(onnx.shape_inference.infer_shapes(model), stage="legalised")


def feed(index: int) -> dict[str, np.ndarray]:
    """A seeded feed."""
    return {"x": np.random.default_rng(index).normal(size=(1, 3, 96, 128)).astype(np.float32)}


def feeds(count: int) -> Iterator[dict[str, np.ndarray]]:
    """Feeds, made one at a time."""
    return (feed(index) for index in range(count))


@pytest.mark.parametrize("extremes", [False, True])
def test_as_one_process(extremes: bool) -> None:
    """Statistics are the same bytes whether one, two or more processes than samples observed them."""
    values = ["x", "c", "y", "z"]
    alone = observe(graph(), feeds(3), values=values, extremes=extremes)
    for jobs in (2, 5) if extremes else (3,):
        calls: list[tuple[int, int]] = []

        def progress(done: int, total: int, calls: list[tuple[int, int]] = calls) -> None:
            calls.append((done, total))

        shared = observe(graph(), feeds(3), values=values, extremes=extremes, jobs=jobs, progress=progress)
        assert shared.to_json() == alone.to_json()
        assert sorted(calls) == [(1, 0), (2, 0), (3, 0)]


def test_samples_say_how_many() -> None:
    """A source of samples that names processes is observed by them, and what is selected of it too."""
    source = SampleSource(
        items=(0, 1, 2),
        names=("a", "b", "c"),
        digest="d",
        make=lambda items, index: feed(items[index]),
        jobs=2,
    )
    pair = source.select([0, 2])
    assert pair.jobs == 2
    assert observe(graph(), pair, values=["y"]) == observe(graph(), [feed(0), feed(2)], values=["y"])


def test_what_one_process_refuses() -> None:
    """An unknown value, no samples and less than one process are the errors that one process has."""
    with pytest.raises(UsageError, match="no such value"):
        observe(graph(), feeds(3), values=["nothing"], jobs=2)
    with pytest.raises(InputDataError, match="no samples"):
        observe(graph(), [], values=["y"], jobs=2)
    with pytest.raises(UsageError, match="jobs is 0"):
        observe(graph(), feeds(3), values=["y"], jobs=0)
    assert observe(graph(), feeds(3), values=[], jobs=2).values == {}


def test_a_sample_that_cannot_be_made() -> None:
    """Its error ends the work of all processes."""

    def broken() -> Iterator[dict[str, np.ndarray]]:
        yield feed(0)
        message = "photo 1 is broken"
        raise PhotoError(message)

    with pytest.raises(PhotoError, match="photo 1"):
        observe(graph(), broken(), values=["y"], jobs=2)


def test_a_process_that_dies() -> None:
    """What ends without an answer is told with its exit code and its last words."""
    said = "import sys; print('out of memory', file=sys.stderr); sys.exit(9)"
    with pytest.raises(WorkerError, match="exit code 9: out of memory"):
        observe_in_shards(
            graph(),
            [{"x": np.zeros((1, 3, 960, 1280), np.float32)}],
            values=["y"],
            extremes=False,
            jobs=2,
            progress=None,
            command=(sys.executable, "-c", said),
        )
