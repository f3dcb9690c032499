"""Weights in fewer bits: smaller, near, decompressed as written, and only where they are weights."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mobilekit.artifact import digest_of_path, size_of_path
from mobilekit.convert.coreml.api import emit
from mobilekit.convert.coreml.compress import eight_bits, is_weight, packed, palette
from mobilekit.errors import UsageError
from mobilekit.legalise.pipeline import legalise
from mobilekit.metrics import psnr
from mobilekit.normalise.pipeline import normalise
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import graph_from_proto

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def graph():
    """A convolution, a transposed one and a Gemm, legalised for Core ML."""
    weights = {
        "w": RNG.normal(0, 0.1, (32, 16, 3, 3)),
        "t": RNG.normal(0, 0.1, (32, 16, 3, 3)) * np.linspace(0.01, 1, 16)[:, None, None],
        "g": RNG.normal(0, 0.1, (24, 400)),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("ConvTranspose", ["a", "t"], ["b"], pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["b"], ["f"]),
        helper.make_node("Gemm", ["f", "g"], ["y"], transB=1),
    ]
    made = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 16, 5, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 24])],
        [numpy_helper.from_array(v.astype(np.float32), n) for n, v in weights.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    source = graph_from_proto(onnx.shape_inference.infer_shapes(model), stage="source")
    return legalise(normalise(source, samples=()).graph, profile="coreml", samples=()).graph


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize(
    ("how", "most", "least"), [("int8", 0.6, 35.0), ("palette6", 0.5, 25.0), ("palette4", 0.4, 12.0)]
)
def test_smaller_and_near(graph, tmp_path, precision, how, most, least):
    """The package shrinks by the bits, and computes nearly the same; twice the same bytes."""
    paths = [tmp_path / f"{name}.mlpackage" for name in ("plain", "one", "two")]
    for path, compression in zip(paths, ("none", how, how), strict=True):
        emit(graph, path, precision=precision, compression=compression)
    share = size_of_path(paths[1]) / size_of_path(paths[0])
    assert share < (most if precision == "fp32" else most + 0.3)
    assert digest_of_path(paths[1]) == digest_of_path(paths[2])
    feed = {"x": RNG.normal(size=(1, 16, 5, 5)).astype(np.float32)}
    with open_graph(graph) as reference, open_runtime(paths[1]) as session:
        assert psnr(reference.run(feed)["y"], session.run(feed)["y"]) > least


@pytest.mark.parametrize("opset", ["iOS15", "iOS18"])
def test_an_opset_without_the_operators_is_refused(graph, tmp_path, opset):
    """With a way out; without compression it is written."""
    with pytest.raises(UsageError, match=opset):
        emit(graph, tmp_path / "a.mlpackage", precision="fp16", compression="int8", opset=opset)
    emit(graph, tmp_path / "b.mlpackage", precision="fp16", opset=opset)


def test_only_large_dense_floats_are_weights():
    """Small ones, vectors, integers and matrices that resample are left exact."""
    assert is_weight(RNG.normal(size=(64, 64)))
    assert not is_weight(RNG.normal(size=(8, 8)))
    assert not is_weight(RNG.normal(size=4096))
    assert not is_weight(np.ones((64, 64), np.int32))
    assert not is_weight(np.eye(64))


def test_eight_bits_by_channel():
    """Half a step of each channel's own scale at most; a channel of zeros stays one."""
    array = (RNG.normal(size=(4, 3, 5)) * np.array([1.0, 100.0, 0.0])[:, None]).astype(np.float32)
    integers, scale = eight_bits(array, axis=1)
    error = np.abs(integers * scale[:, None] - array)
    assert (error <= 0.5001 * scale[:, None]).all()
    assert (integers[:, 2] == 0).all()


def test_palettes_are_exact_where_they_can_be():
    """As many values as there are entries are kept; more are near, better with more bits."""
    few = RNG.choice(np.array([-2.0, 0.5, 3.0], np.float32), (64, 40))
    table, indices = palette(few, bits=4)
    np.testing.assert_array_equal(table[indices].reshape(few.shape), few)
    many = RNG.normal(size=(64, 40)).astype(np.float32)
    errors = []
    for bits in (4, 6):
        table, indices = palette(many, bits=bits)
        errors.append(float(np.mean((table[indices].reshape(many.shape) - many) ** 2)))
    assert errors[1] < errors[0] / 6
    assert errors[0] < 0.0116  # the best 16 values for a normal distribution


def test_indices_are_packed_from_the_least_bit():
    """The documentation's example of two bits, and six bits across bytes."""
    np.testing.assert_array_equal(packed(np.array([0, 3, 2, 1, 3]), bits=2), [0b01101100, 0b11])
    np.testing.assert_array_equal(packed(np.array([0b000001, 0b100011]), bits=6), [0b11000001, 0b1000])
