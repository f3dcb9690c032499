"""The first wrong operator of a file on an accelerator that makes mistakes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.convert.tflite.api import emit
from mobilekit.errors import AcceleratorError
from mobilekit.pipeline.accelerator_blame import first_wrong
from mobilekit.runtimes import open_runtime
from mobilekit.source.graph import graph_from_proto

_NET = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[1, 3, 8, 8] x) => (float[1, 3, 8, 8] y) {
  a = Relu (x)
  b = Sigmoid (a)
  c = Tanh (b)
  d = Abs (c)
  y = Sqrt (d)
}
"""
FEED = {"x": np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype(np.float32)}


class Mistaken:
    """The CPU, that mistakes every file with more operators than ``right``."""

    def __init__(self, path, right: int, change) -> None:
        from mobilekit.package.tflite_facts import facts_of

        self._session = open_runtime(path)
        self._change = change if len(facts_of(path).operators) > right else lambda value: value

    def run(self, feed, *, taps=()):
        return {name: self._change(value) for name, value in self._session.run(feed, taps=taps).items()}

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()


@pytest.fixture
def path(tmp_path):
    """A file of five operators, one after the other."""
    graph = graph_from_proto(
        onnx.shape_inference.infer_shapes(onnx.parser.parse_model(_NET)), stage="legalised"
    )
    file = tmp_path / "net.tflite"
    file.write_bytes(emit(graph, precision="fp32", description=None, source_inputs=graph.inputs))
    return file


def _blamed(path, right, change, **keywords) -> str:
    keywords = {"minimum_psnr": 60.0, **keywords}
    return first_wrong(path, FEED, open_on=lambda file: Mistaken(file, right, change), **keywords)


@pytest.mark.parametrize(
    "change", [np.zeros_like, lambda v: v + np.float32(0.1), lambda v: v * np.float32("nan")]
)
def test_the_operator_that_ends_the_shortest_wrong_beginning_is_named(path, change) -> None:
    """By its kind and the value that it computes."""
    assert _blamed(path, 3, change) == "the first wrong operator is ABS 'd'"
    assert _blamed(path, 0, change) == "the first wrong operator is RELU 'a'"


def test_what_is_right_has_none(path) -> None:
    """And small differences are none unless they are asked for."""
    assert _blamed(path, 9, np.zeros_like) == ""
    assert _blamed(path, 3, lambda v: v + np.float32(0.1), minimum_psnr=None) == ""


def test_when_the_time_is_up_the_place_is_told_as_far_as_it_is_known(path) -> None:
    """The whole file was looked at, nothing else."""
    found = _blamed(path, 3, np.zeros_like, limit_s=0.0)
    assert found == "the first wrong operator is between RELU 'a' and SQRT 'y'"


def test_an_accelerator_that_fails_meanwhile_ends_the_search(path) -> None:
    """With what was found before."""
    opened = []

    def fails(file):
        opened.append(file)
        if len(opened) > 1:
            message = "it crashed"
            raise AcceleratorError(message)
        return Mistaken(file, 3, np.zeros_like)

    found = first_wrong(path, FEED, open_on=fails, minimum_psnr=60.0)
    assert found == "the first wrong operator is between RELU 'a' and SQRT 'y'; then it crashed"


_INDICES = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[1, 3, 8, 8] x) => (int64[1, 8, 8] y) {
  a = Relu (x)
  y = ArgMax <axis: int = 1, keepdims: int = 0> (a)
}
"""


def test_indices_are_wrong_where_they_differ(tmp_path) -> None:
    """Whatever is asked of floats: an index beside the right one is another class."""
    proto = onnx.shape_inference.infer_shapes(onnx.parser.parse_model(_INDICES))
    graph = graph_from_proto(proto, stage="legalised")
    file = tmp_path / "indices.tflite"
    file.write_bytes(emit(graph, precision="fp32", description=None, source_inputs=graph.inputs))

    def classes(share):
        def change(value):
            if value.dtype.kind == "f":
                return value
            return np.where(np.arange(value.size).reshape(value.shape) < share * value.size, value + 1, value)

        return lambda path: Mistaken(path, 0, change)

    found = first_wrong(file, FEED, open_on=classes(1.0), minimum_psnr=None)
    assert found.startswith("the first wrong operator is ARG_MAX")
    assert first_wrong(file, FEED, open_on=classes(0.05), minimum_psnr=None) == ""
