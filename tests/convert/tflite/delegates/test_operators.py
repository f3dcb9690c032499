"""Operators as delegates see them: the same from a draft and from the file that is written from it."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite.api import draft, emit
from mobilekit.convert.tflite.delegates.operators import operators_of_draft, operators_of_file
from tests.convert.tflite.conftest import make_graph

TEXT = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[1, 4, 8, 8] x) => (y, z) {
  c = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (x, w, b)
  r = Relu (c)
  p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (r)
  y = Transpose <perm = [1, 0, 2, 3]> (p)
  z = ReduceMean <keepdims = 0> (r, axes)
}
"""


@pytest.fixture(name="graph")
def _graph():
    return make_graph(
        TEXT,
        {
            "w": np.random.default_rng(0).standard_normal((4, 4, 3, 3)).astype(np.float32),
            "b": np.zeros(4, np.float32),
            "axes": np.array([2, 3], np.int64),
        },
    )


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8-dynamic"])
def test_a_draft_and_its_file_are_the_same_operators(tmp_path, graph, precision):
    """Kinds, versions, types, shapes, constants, small values and options."""
    path = tmp_path / "net.tflite"
    path.write_bytes(emit(graph, precision=precision))
    written, drafted = operators_of_file(path), operators_of_draft(draft(graph, precision=precision))
    assert [o.kind for o in written] == [o.kind for o in drafted]
    for one, other in zip(written, drafted, strict=True):
        assert (one.version, one.unpacks) == (other.version, other.unpacks)
        for a, b in zip((*one.inputs, *one.outputs), (*other.inputs, *other.outputs), strict=True):
            assert (a.dtype, a.shape, a.constant) == (b.dtype, b.shape, b.constant)
            assert (a.values is None) == (b.values is None)
            assert a.values is None or np.array_equal(a.values, b.values)
            assert a.scales == pytest.approx(b.scales)
        said = {key: value for key, value in other.options.items() if not key.startswith("_")}
        assert {key: one.options.get(key) for key in said} == {k: _plain(v) for k, v in said.items()} or (
            one.kind in ("RESHAPE", "TRANSPOSE")
        )


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


def test_values_and_constants(graph):
    """An operator is known by the ONNX value it computes; a weight behind DEQUANTIZE is constant."""
    operators = operators_of_draft(draft(graph, precision="fp16"))
    unpacking = [o for o in operators if o.unpacks]
    assert [o.kind for o in unpacking] == ["DEQUANTIZE"]
    conv = next(o for o in operators if o.kind == "CONV_2D")
    assert conv.value == "r"
    assert conv.inputs[1].constant
    assert not conv.inputs[0].constant
    mean = next(o for o in operators if o.kind == "MEAN")
    assert mean.value == "z"
    assert mean.inputs[1].values is not None


def test_a_parameter_computed_at_run_time_is_not_constant():
    """A DEQUANTIZE of data is an operator like any other."""
    graph = make_graph('<ir_version: 10, opset_import: ["" : 21]> g (float[4] x) => (y) { y = Relu (x) }')
    (relu,) = operators_of_draft(draft(graph, precision="fp32"))
    assert not relu.inputs[0].constant
    assert not relu.unpacks
