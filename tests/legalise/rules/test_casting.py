"""Casts between every two element types, in LiteRT, against ONNX Runtime."""

import numpy as np
import onnx
import pytest

from mobilekit.runtimes.ort import open_graph
from tests.convert.tflite.nodes import edges, litert
from tests.legalise.support import node_graph

INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
FLOATS = np.array(
    [0, 0.5, -0.5, 0.9, -1.5, 2.5, 100.7, -100.7, 127.6, 128.4, 200, 255.9, 256.2, -129, -300, 32768, 65536,
     70000, -40000, 1e9, -1e9, 2147483520], np.float32
)  # fmt: skip


def values(dtype):
    if dtype in INTEGERS:
        return edges(dtype)
    return np.array([True, False]) if dtype == "bool" else FLOATS.astype(dtype)


@pytest.mark.parametrize("source", [*INTEGERS, "float32", "bool"])
@pytest.mark.parametrize("target", [*INTEGERS, "float32", "bool"])
def test_cast(source, target):
    """Floats are truncated, what does not fit loses its upper bits, whatever is not zero is true."""
    to = int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(target)))
    graph, feed = node_graph("Cast", [values(source)], to=to)
    with open_graph(graph) as session:
        wanted = session.run(feed)["y"]
    got = litert("Cast", [values(source)], to=to)
    assert got.dtype == wanted.dtype
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("source", ["float16", "float64"])
def test_other_floats(source):
    """Half and double precision at the border."""
    x = np.array([0.5, -1.5, 300.25, -7], source)
    np.testing.assert_array_equal(litert("Cast", [x], to=6), x.astype(np.int32))
    np.testing.assert_array_equal(litert("Cast", [x], to=1), x.astype(np.float32))


def test_large_floats_become_uint64():
    """From 2^63 on too, which no signed number holds."""
    x = np.array([0, 1, 2.0**40, 2.0**63, 1.8e19], np.float32)
    np.testing.assert_array_equal(litert("Cast", [x], to=13), x.astype(np.uint64))


def test_cast_like():
    """The element type of another value."""
    got = litert("CastLike", [np.float32([1.5, -2]), np.zeros(1, np.int16)])
    np.testing.assert_array_equal(got, np.int16([1, -2]))
