"""The reference: ONNX Runtime, and ONNX's own evaluator where that has no kernel."""

import numpy as np
import onnx
import pytest

from mobilekit.errors import InputDataError, ModelError, UnsupportedOperatorError
from mobilekit.runtimes.reference import open_reference
from mobilekit.source.graph import graph_from_proto


def graph(text, opset=22):
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {opset}, "nobody": 1]> {text}')
    return graph_from_proto(model, stage="source")


def test_onnx_runtime_first():
    """Where ONNX Runtime has kernels, it is the reference."""
    with open_reference(graph("g (float[2] x) => (float[2] y) { y = Relu (x) }")) as session:
        assert session.run({"x": np.array([-1, 1], np.float32)})["y"].tolist() == [0, 1]
        assert session.name.startswith("ONNX Runtime")


def test_no_kernel():
    """Max of int16 has none: the evaluator computes it, with the declared element type."""
    with open_reference(graph("g (int16[2] a, int16[2] b) => (int16[2] y) { y = Max (a, b) }")) as session:
        values = {"a": np.array([1, 5], np.int16), "b": np.array([3, 2], np.int16)}
        got = session.run(values, taps=["a"])
        assert got["y"].tolist() == [3, 5]
        assert got["y"].dtype == np.int16
        assert got["a"].tolist() == [1, 5]
        assert "reference evaluator" in session.name


def test_a_kernel_that_refuses_at_the_first_run():
    """ConvInteger with a zero point for each channel: noticed only when it runs."""
    text = """
        g (uint8[1, 1, 3, 3] x) => (int32[1, 2, 2, 2] y)
        <uint8[2, 1, 2, 2] w = {1, 2, 3, 4, 5, 6, 7, 8}, uint8 z = {1}, uint8[2] v = {1, 2}>
        { y = ConvInteger (x, w, z, v) }
    """
    x = np.arange(9, dtype=np.uint8).reshape(1, 1, 3, 3)
    with open_reference(graph(text)) as session:
        got = session.run({"x": x})["y"]
        assert "reference evaluator" in session.name
    assert got[0, 0, 0, 0] == (0 - 1) * 0 + (1 - 1) * 1 + (3 - 1) * 2 + (4 - 1) * 3


def test_what_neither_knows():
    """ONNX Runtime's error is the one that is raised."""
    with pytest.raises(UnsupportedOperatorError, match="ONNX Runtime cannot open"):
        open_reference(graph("g (float[2] x) => (float[2] y) { y = nobody.Knows (x) }"))


def test_what_neither_can_run():
    """Indices outside the data: an error, not the evaluator's exception."""
    text = "g (float[2] x, int64[1] i) => (float[1] y) { y = Gather (x, i) }"
    with (
        open_reference(graph(text)) as session,
        pytest.raises(ModelError, match="indices element out of data"),
    ):
        session.run({"x": np.zeros(2, np.float32), "i": np.array([7])})


def test_feeds_are_checked():
    """As by every session."""
    with (
        open_reference(graph("g (float[2] x) => (float[2] y) { y = Relu (x) }")) as session,
        pytest.raises(InputDataError),
    ):
        session.run({})
