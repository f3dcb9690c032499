"""Sequences of known length become the tensors in them; the others stay what they are."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.source.load import load
from mobilekit.source.sequences import unpack_sequences

SEEDED = np.random.default_rng(4)
MIXED = """(float[2,7] x) => (float[2,N] y, float[K,2,2] z) {
  size = Constant <value = int64 {3}> ()
  first = Constant <value = int64 {0}> ()
  last = Constant <value_int = -1> ()
  s = SplitToSequence <axis = -1> (x, size)
  a = SequenceAt (s, first)
  b = SequenceAt (s, last)
  y = Concat <axis = 1> (b, a, b)
  c = Gather <axis = 1> (x, two)
  t = SequenceConstruct (c, c, c)
  z = ConcatFromSequence <axis = 0, new_axis = 1> (t)
}"""


def model_of(text: str, opset: int = 17) -> onnx.ModelProto:
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": {opset}]> g {text}')
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 4]), "two"))
    return model


def run(model: onnx.ModelProto, feed):
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, feed)


def operators(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("opset", [11, 13, 17, 20])
@pytest.mark.parametrize(
    "text",
    [
        MIXED.replace("value_int = -1", "value = int64 {-1}"),
        """(float[2,3] x) => (float[2] y) { p = Constant <value = int32 {1}> ()
           s = SplitToSequence <axis = 1, keepdims = 0> (x) y = SequenceAt (s, p) }""",
        """(float[6,3] x) => (float[6,3] y) { z = Constant <value = int64[3] {1, 3, 2}> ()
           s = SplitToSequence (x, z) y = ConcatFromSequence <axis = 0> (s) }""",
    ],
    ids=["mixed", "squeezed", "sizes"],
)
def test_the_same_values_without_sequences(text, opset):
    """In ONNX Runtime, before and after, in the opsets where Split and Squeeze say it differently."""
    model = model_of(text, opset)
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    feed = {"x": SEEDED.normal(0, 1, shape).astype(np.float32)}
    expected = run(model, feed)
    unpack_sequences(model)
    assert not any("Sequence" in op for op in operators(model))
    onnx.checker.check_model(model, full_check=True)
    for got, want in zip(run(model, feed), expected, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    "text",
    [
        """(float[2,6] x, int64 p) => (float[2,3] y) { k = Constant <value = int64 {3}> ()
           s = SplitToSequence <axis = 1> (x, k) y = SequenceAt (s, p) }""",
        """(float[2,6] x, int64 k) => (float[2,N] y) { p = Constant <value = int64 {0}> ()
           s = SplitToSequence <axis = 1> (x, k) y = SequenceAt (s, p) }""",
        """(float[2,6] x) => (int64 y) { k = Constant <value = int64 {3}> ()
           s = SplitToSequence <axis = 1> (x, k) y = SequenceLength (s) }""",
        """(float[2,6] x) => (float[2,3] y, seq(float[2,3]) s) { k = Constant <value = int64 {3}> ()
           p = Constant <value = int64 {0}> () s = SplitToSequence <axis = 1> (x, k) y = SequenceAt (s, p) }""",
        """(float[2,6] x) => (float[2,3] y) { k = Constant <value = int64 {3}> ()
           p = Constant <value = int64 {2}> () s = SplitToSequence <axis = 1> (x, k) y = SequenceAt (s, p) }""",
    ],
    ids=["position", "size", "length", "output", "beyond"],
)
def test_what_is_not_known_is_left(text):
    """Positions and sizes that are computed, other readers, a sequence that is an output, a wrong position."""
    model = model_of(text)
    before = model.SerializeToString()
    unpack_sequences(model)
    assert model.SerializeToString() == before


def test_load_unpacks(tmp_path):
    """Open dimensions are fixed before: a size that follows from them is known."""
    text = MIXED.replace("float[2,7] x", "float[2,W] x")
    onnx.save(model_of(text), tmp_path / "net.onnx")
    graph = load(tmp_path / "net.onnx", shapes={"x": (2, 8)})
    assert not any("Sequence" in op for op in operators(graph.proto()))
    assert [spec.shape for spec in graph.outputs] == [(2, 7), (3, 2, 2)]


def test_a_name_that_is_taken_is_not_given_again():
    """Rather is the sequence left, and refused by name."""
    model = model_of(
        """(float[2,6] x) => (float[2,3] y) { k = Constant <value = int64 {3}> ()
           p = Constant <value = int64 {0}> () s = SplitToSequence <axis = 1> (x, k) y = SequenceAt (s, p) }"""
    )
    model.graph.node.append(onnx.helper.make_node("Relu", ["x"], ["s/part1"]))
    unpack_sequences(model)
    assert "SequenceAt" in operators(model)
